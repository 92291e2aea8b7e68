"""Writes the trained encoder as ONNX, with weights of one byte."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from dealflow.intents.encoder.inputs import PAD
from dealflow.intents.encoder.spans import Tag
from dealflow.intents.linear.table import INTENTS
from dealflow.intents.training.encoder import LONGEST, Network
from dealflow.intents.training.weights import HEADS, WIDTH

OPSET = 20
_EPS = 1e-6
"""The least length that a row is divided by."""
_FAR = -1e4
"""What is added to the attention to a place where there is nothing to read."""


class _Graph:
    """Collects nodes and weights under plain names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def put(self, name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def do(self, kind: str, name: str, *inputs: str, **how: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **how))
        return name

    def split(self, whole: str, *names: str) -> tuple[str, ...]:
        """Cut the last axis into equal parts."""
        self.nodes.append(
            helper.make_node(
                "Split", [whole], list(names), name=f"{whole}.cut", axis=-1, num_outputs=len(names)
            )
        )
        return names


def to_onnx(network: Network) -> bytes:
    """Return the network as an ONNX file: ``ids int64[rows, length]`` to ``scores`` and ``tags``.

    Weights of matrices and pieces take one byte each; the same network gives the same bytes.
    """
    state = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    graph = _Graph()
    x, bias, share = _embed(graph, state)
    layers = len(network.layers)
    for at in range(layers):
        x = _layer(graph, state, at, x, bias)
    weighed = graph.do("Mul", "weighed", x, share)
    axis = graph.put("axis_length", np.array([1], np.int64))
    total = graph.do("ReduceSum", "total", weighed, axis, keepdims=0)
    count = graph.do("ReduceSum", "count", share, axis, keepdims=0)
    mean = graph.do("Div", "mean", total, count)
    _linear(graph, "scores", mean, state["head.weight"], state["head.bias"])
    _linear(graph, "tags", x, state["tags.weight"], state["tags.bias"])
    told = {"scores": ["rows", len(INTENTS)], "tags": ["rows", "length", len(Tag)]}
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "dealflow-encoder",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "length"])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in told.items()
            ],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="dealflow",
    )
    model.ir_version = 10
    onnx.checker.check_model(model)
    return _quantised(model)


def _embed(graph: _Graph, state: dict[str, NDArray[np.float32]]) -> tuple[str, str, str]:
    pad = graph.put("pad", np.array(PAD, np.int64))
    empty = graph.do("Equal", "empty", "ids", pad)
    seen = graph.do("Cast", "seen", graph.do("Not", "full", empty), to=TensorProto.FLOAT)
    last = graph.put("axis_last", np.array([2], np.int64))
    share = graph.do("Unsqueeze", "share", seen, last)
    middle = graph.put("axes_middle", np.array([1, 2], np.int64))
    far = graph.put("far", np.array(_FAR, np.float32))
    hole = graph.do("Cast", "hole", empty, to=TensorProto.FLOAT)
    bias = graph.do("Unsqueeze", "bias", graph.do("Mul", "far_hole", hole, far), middle)
    words = graph.do("Gather", "word", graph.put("words", state["words.weight"]), "ids")
    ones = graph.do("Cast", "ones", graph.do("Equal", "same", "ids", "ids"), to=TensorProto.INT64)
    across = graph.put("across", np.array(1, np.int64))
    at = graph.do("CumSum", "at", ones, across, exclusive=1)
    places = graph.put("places", state["places.weight"][:LONGEST])
    place = graph.do("Gather", "place", places, at)
    summed = graph.do("Add", "embedded", words, place)
    return _norm(graph, "norm", summed, state["norm.weight"], state["norm.bias"]), bias, share


def _layer(graph: _Graph, state: dict[str, NDArray[np.float32]], at: int, x: str, bias: str) -> str:
    own = f"l{at}"

    def of(name: str) -> NDArray[np.float32]:
        return state[f"layers.{at}.{name}"]

    heads = graph.put(f"{own}.heads", np.array([0, 0, HEADS, WIDTH // HEADS], np.int64))
    flat = graph.put(f"{own}.flat", np.array([0, 0, WIDTH], np.int64))
    mixed = _linear(graph, f"{own}.qkv", x, of("qkv.weight"), of("qkv.bias"))
    parts = graph.split(mixed, *(f"{own}.{name}" for name in "qkv"))
    rows: list[str] = []
    for name, part in zip("qkv", parts, strict=True):
        split = graph.do("Reshape", f"{own}.{name}.split", part, heads)
        order = [0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]
        rows.append(graph.do("Transpose", f"{own}.{name}.heads", split, perm=order))
    scale = graph.put(f"{own}.scale", np.array((WIDTH // HEADS) ** -0.5, np.float32))
    near = graph.do("MatMul", f"{own}.near", rows[0], rows[1])
    fair = graph.do("Add", f"{own}.masked", graph.do("Mul", f"{own}.fair", near, scale), bias)
    share = graph.do("Softmax", f"{own}.share", fair, axis=-1)
    seen = graph.do("MatMul", f"{own}.seen", share, rows[2])
    back = graph.do("Transpose", f"{own}.back", seen, perm=[0, 2, 1, 3])
    joined = graph.do("Reshape", f"{own}.joined", back, flat)
    out = _linear(graph, f"{own}.out", joined, of("out.weight"), of("out.bias"))
    x = _norm(
        graph,
        f"{own}.out_norm",
        graph.do("Add", f"{own}.out_sum", x, out),
        of("out_norm.weight"),
        of("out_norm.bias"),
    )
    wide = _linear(graph, f"{own}.wide", x, of("wide.weight"), of("wide.bias"))
    bent = graph.do("Gelu", f"{own}.bent", wide)
    narrow = _linear(graph, f"{own}.narrow", bent, of("narrow.weight"), of("narrow.bias"))
    return _norm(
        graph,
        f"{own}.narrow_norm",
        graph.do("Add", f"{own}.narrow_sum", x, narrow),
        of("narrow_norm.weight"),
        of("narrow_norm.bias"),
    )


def _linear(
    graph: _Graph, name: str, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> str:
    product = graph.do("MatMul", f"{name}.product", x, graph.put(f"{name}.w", weight.T))
    return graph.do("Add", name, product, graph.put(f"{name}.b", bias))


def _norm(
    graph: _Graph, name: str, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> str:
    """Add a layer's norm, spelt in parts: the runtime's own node took a fifth of the time."""
    last = graph.put(f"{name}.last", np.array([-1], np.int64))
    off = graph.do("Sub", f"{name}.off", x, graph.do("ReduceMean", f"{name}.mean", x, last))
    length = graph.do("ReduceL2", f"{name}.length", off, last)
    floor = graph.put(f"{name}.floor", np.array(_EPS, np.float32))
    unit = graph.do("Div", f"{name}.unit", off, graph.do("Max", f"{name}.least", length, floor))
    wide = graph.put(f"{name}.w", weight * np.float32(WIDTH**0.5))
    stretched = graph.do("Mul", f"{name}.stretched", unit, wide)
    return graph.do("Add", f"{name}.normed", stretched, graph.put(f"{name}.b", bias))


def _quantised(model: onnx.ModelProto) -> bytes:
    """Return the model with one byte for each weight of a product with weights, and each piece."""
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        onnx.save(model, whole)
        quantize_dynamic(
            whole,
            small,
            op_types_to_quantize=["MatMul", "Gather"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"MatMulConstBOnly": True},
        )
        return small.read_bytes()
