"""An own head with an embedding, trained by two tasks at once: a focal loss, and a supervised contrastive loss.

Lin et al. 2017, "Focal Loss for Dense Object Detection", arXiv:1708.02002; Khosla et al. 2020, "Supervised Contrastive
Learning", arXiv:2004.11362. For image classification with one label an image, and for tables that are classified.
"""

import keras
import numpy as np
import tensorflow as tf

LOSS_WEIGHTS = {"focal": 1.0, "contrastive": 0.2}
HIGHER_IS_BETTER = {"mean_recall": True}
BEST_WEIGHTS_BY = "mean_recall"

_GAMMA = 2.0
_TEMPERATURE = 0.1


def build_head(features, num_outputs):
    hidden = keras.layers.Dense(128, activation="relu")(features)
    embedding = keras.layers.UnitNormalization()(keras.layers.Dense(32)(hidden))
    return {"logits": keras.layers.Dense(num_outputs)(hidden), "embedding": embedding}


def losses(outputs, targets):
    return {
        "focal": _focal(outputs["logits"], targets),
        "contrastive": _contrastive(outputs["embedding"], targets),
    }


def metrics(targets, outputs):
    found = np.argmax(outputs["logits"], axis=1)
    return {"mean_recall": np.mean([np.mean(found[targets == label] == label) for label in np.unique(targets)])}


def _focal(logits, targets):
    cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    return (1 - tf.exp(-cross_entropy)) ** _GAMMA * cross_entropy


def _contrastive(embedding, targets):
    """Equal labels attract each other, all others in the batch repel each other; equation 2 of the paper."""
    others = 1 - tf.eye(tf.shape(targets)[0])
    alike = others * tf.cast(targets[:, None] == targets[None, :], tf.float32)
    similarity = tf.matmul(embedding, embedding, transpose_b=True) / _TEMPERATURE
    similarity -= tf.reduce_max(similarity, axis=1, keepdims=True)
    log_shares = similarity - tf.math.log(tf.reduce_sum(tf.exp(similarity) * others, axis=1, keepdims=True) + 1e-12)
    return -tf.math.divide_no_nan(tf.reduce_sum(alike * log_shares, axis=1), tf.reduce_sum(alike, axis=1))
