"""Settings of the engines `vertex`: in which form the service takes them, checked before the first call to it."""

import re

from ..errors import InputError

_FORMS = {
    "project": (r"[a-z0-9.:-]+", "give the ID of a Google Cloud project"),
    "location": (r"[a-z]+-[a-z]+\d+", "give a region, such as us-central1"),
    "staging": (r"gs://[a-z0-9][a-z0-9._-]+(/[^?#*\[\]]*)?", "give a gs:// URI of a folder in a bucket of that region"),
    "encryption_key": (
        r"(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+)?",
        "write it as projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY",
    ),
    "network": (r"(projects/[^/]+/global/networks/[^/]+)?", "write it as projects/NUMBER/global/networks/NAME"),
    "service_account": (r"([^@\s]+@[^@\s]+\.gserviceaccount\.com)?", "give the e-mail address of a service account"),
    "export_image": (r"([a-z0-9-]+-docker\.pkg\.dev/[^/\s]+/[^/\s]+/\S+)?", "give an address in Artifact Registry"),
    "model": (
        r"(projects/[^/]+/locations/[^/]+/models/[^/@]+(@[^/@]+)?)?",
        "write it as projects/PROJECT/locations/REGION/models/ID, with @VERSION where it is not the default one",
    ),
}
# https://cloud.google.com/resource-manager/docs/labels-overview#requirements
_LABEL = re.compile(r"(?P<key>[a-z][a-z0-9_-]{0,62})=(?P<value>[a-z0-9_-]{0,63})")


def check_forms(settings: object) -> None:
    """Checks the settings that an object has, by their names.

    Raises:
        InputError: one is not in the form that the service takes.
    """
    for name, (form, hint) in _FORMS.items():
        value = getattr(settings, name, None)
        if value is not None and not re.fullmatch(form, value):
            raise InputError(f"vertex_{name} is {value!r}: {hint}.")


def labels_of(text: str) -> dict[str, str]:
    """Labels by key.

    Args:
        text: key=value,key=value.

    Raises:
        InputError: the service does not take such a label.
    """
    labels = {}
    for pair in filter(None, text.split(",")):
        if not (match := _LABEL.fullmatch(pair.strip())):
            raise InputError(
                f"vertex_labels has {pair!r}: write each as key=value, of at most 63 lower-case letters, digits, _ and "
                "- each, with a comma between them."
            )
        labels[match["key"]] = match["value"]
    return labels
