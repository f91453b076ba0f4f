"""Filters, order and pages of lists (https://google.aip.dev/160, https://google.aip.dev/132, https://google.aip.dev/158)."""

import operator
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import proto

from .errors import invalid

Item = TypeVar("Item", bound=proto.Message)

_PAGE_SIZE = 100
_ORDERS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
_TERM = re.compile(r'(?P<path>[\w./@"-]+)\s*(?P<operator>!=|>=|<=|=|:|>|<)\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')


def page(kind: type[Item], items: Sequence[Item], request: Any) -> tuple[list[Item], str]:
    """A page of a list, as a request asks for it, and the token of the next.

    Args:
        kind: type of the items.
        items: the whole list, oldest first.
        request: a list request of `google.cloud.aiplatform_v1`; some have no `filter`, or no `order_by`.

    Raises:
        ApiError: a filter, an order or a token that cannot be read.
    """
    wanted = getattr(request, "filter", "")
    for term in _TERM.finditer(wanted):
        name = re.split(r"\W", term["path"])[0]
        if name not in kind.meta.fields and name not in {_camel(field) for field in kind.meta.fields}:
            raise invalid(f"Invalid filter: there is no field {name!r}.")
    found = [item for item in items if matches(_by_name(item), wanted)]
    for key in reversed([key for key in getattr(request, "order_by", "").split(",") if key.strip()]):
        name, _, direction = key.strip().partition(" ")
        if name not in ("display_name", "create_time", "update_time") or direction not in ("", "asc", "desc"):
            raise invalid(f"Invalid order_by: {key!r}.")
        found.sort(key=lambda item: getattr(item, name), reverse=direction == "desc")
    if not re.fullmatch(r"\d*", request.page_token):
        raise invalid("Invalid page_token.")
    start = int(request.page_token or 0)
    end = start + (request.page_size or _PAGE_SIZE)
    return found[start:end], str(end) if end < len(found) else ""


def _by_name(item: proto.Message) -> dict[str, Any]:
    """A message for `matches`: names of fields in snake case and in camel case, enumerations by name."""
    fields = type(item).to_dict(item, use_integers_for_enums=False, always_print_fields_with_no_presence=True)
    return {**fields, **{_camel(name): value for name, value in fields.items()}}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def matches(item: dict[str, Any], expression: str) -> bool:
    """Whether terms such as `labels.team="x" AND display_name=y`, joined by AND or a space, all hold for an item.

    Raises:
        ApiError: the expression is not of this form.
    """
    terms = list(_TERM.finditer(expression))
    if re.sub(r"\bAND\b|\s", "", _TERM.sub("", expression)):
        raise invalid(f"Invalid filter: {expression!r}.")
    return all(_holds(item, term) for term in terms)


def _holds(item: dict[str, Any], term: re.Match[str]) -> bool:
    wanted = term["bare"] if term["quoted"] is None else term["quoted"]
    value = _find(item, term["path"].replace('"', ""))
    match term["operator"]:
        case "=":
            return value is not None and str(value) == wanted
        case "!=":
            return str(value) != wanted
        case ":":
            return _has(value, wanted)
    # Of times, the only values with an order that are filtered by: their texts have the same.
    return value is not None and _ORDERS[term["operator"]](str(value), wanted)


def _find(value: Any, path: str) -> Any:
    """The value of a field in fields; keys of labels may have dots in them."""
    if not isinstance(value, dict) or path in value:
        return value.get(path) if isinstance(value, dict) else None
    head, _, rest = path.partition(".")
    return _find(value.get(head), rest) if rest else None


def _has(value: Any, wanted: str) -> bool:
    """The operator `:`: a key that is there, or a text that contains another, * standing for anything."""
    if isinstance(value, dict):
        return wanted in value
    return value is not None and wanted.strip("*") in str(value)
