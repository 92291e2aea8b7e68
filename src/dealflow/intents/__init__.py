"""What a message means.

Purpose: a `Verdict` for each `Utterance`, with the reason.
Invariants: no network but in `llm`, which is off by default; no model file that is a pickle, no
regular expression on chat that can backtrack; outside of `llm` the same input gives the same
verdict; one bad message never spoils its batch.
Runs in: the task that calls it, a few milliseconds a batch; the encoder in a thread of its own.
May import: errors, clock, model, settings, telemetry; openai, httpx2, numpy, onnxruntime,
sentencepiece, torch, onnx.
"""
