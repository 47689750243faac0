# SPDX-License-Identifier: Apache-2.0
"""RNN, GRU and LSTM, and batch normalization in training mode, from the
equations of their texts. Layout 0; default activations."""
import numpy as np


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _rnn(x, h, c, w, r, wb, rb, linear):
    del linear
    return np.tanh(x @ w.T + h @ r.T + wb + rb), c


def _gru(x, h, c, w, r, wb, rb, linear):
    """Gates z, r, h. linear_before_reset=0: ht = g(Xt Wh + (rt . Ht-1) Rh + Rbh
    + Wbh); else ht = g(Xt Wh + rt . (Ht-1 Rh + Rbh) + Wbh)."""
    wz, wr, wh = np.split(w, 3)
    rz, rr, rh = np.split(r, 3)
    wbz, wbr, wbh = np.split(wb, 3)
    rbz, rbr, rbh = np.split(rb, 3)
    update = _sigmoid(x @ wz.T + h @ rz.T + wbz + rbz)
    reset = _sigmoid(x @ wr.T + h @ rr.T + wbr + rbr)
    if linear:
        inner = np.tanh(x @ wh.T + reset * (h @ rh.T + rbh) + wbh)
    else:
        inner = np.tanh(x @ wh.T + (reset * h) @ rh.T + rbh + wbh)
    return (1 - update) * inner + update * h, c


def _lstm(x, h, c, w, r, wb, rb, linear):
    """Gates i, o, f, c."""
    del linear
    i, o, f, g = np.split(x @ w.T + h @ r.T + wb + rb, 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def function(op):
    step = {'RNN': _rnn, 'GRU': _gru, 'LSTM': _lstm}[op]

    def run(x, w, r, b=None, lengths=None, initial_h=None, initial_c=None,
            direction=None, linear_before_reset=0):
        steps, batch, _ = x.shape
        size = r.shape[2]
        if b is None:
            b = np.zeros((len(w), 2 * w.shape[1]))
        if lengths is None:
            lengths = np.full(batch, steps)
        y = np.zeros((steps, len(w), batch, size))
        last_h, last_c = (np.zeros((len(w), batch, size)) for _ in range(2))
        for d in range(len(w)):
            back = direction == 'reverse' or d == 1
            wb, rb = np.split(b[d], 2)
            for i, length in enumerate(lengths):
                h = initial_h[d, i:i + 1] if initial_h is not None else (
                    np.zeros((1, size)))
                c = initial_c[d, i:i + 1] if initial_c is not None else (
                    np.zeros((1, size)))
                for t in range(length)[::-1 if back else 1]:
                    h, c = step(x[t, i:i + 1], h, c, w[d], r[d], wb, rb,
                                linear_before_reset)
                    y[t, d, i] = h
                last_h[d, i], last_c[d, i] = h, c
        return [t.astype(np.float32) for t in (
            [y, last_h, last_c] if op == 'LSTM' else [y, last_h])]
    return run


def trained(x, scale, bias, mean, var, momentum):
    """BatchNormalization-14: Y and the running statistics, with the population
    variance of the batch."""
    over = (0, *range(2, x.ndim))
    batch_mean, batch_var = x.mean(over), x.var(over)

    def lined(values):
        return values.reshape((-1,) + (1,) * (x.ndim - 2))
    y = (x - lined(batch_mean)) / np.sqrt(lined(batch_var) + 1e-5)
    return [t.astype(np.float32) for t in (
        y * lined(scale) + lined(bias),
        mean * momentum + batch_mean * (1 - momentum),
        var * momentum + batch_var * (1 - momentum))]
