"""Arrays and records as bytes: npz and JSON, the same bytes for the same content.

For models without a native format of their own. Nothing here can execute on load,
and nothing here touches a file.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from turbomode_assets import errors

Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]


def pack_arrays(arrays: Mapping[str, np.ndarray[Any, np.dtype[Any]]]) -> bytes:
    """`arrays` as an uncompressed npz; object arrays are refused with ValueError.

    Examples
    --------
    >>> unpack_arrays(pack_arrays({"a": np.arange(3)}))["a"].tolist()
    [0, 1, 2]
    """
    # numpy stamps every member with 1980-01-01, so equal arrays give equal bytes.
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_arrays(packed: bytes) -> Arrays:
    """Arrays of an npz made by `pack_arrays`."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def pack_json(record: Mapping[str, Any]) -> bytes:
    """`record` as JSON with sorted keys; every float survives exactly.

    Examples
    --------
    >>> unpack_json(pack_json({"b": 0.1, "a": [1, 2]}))
    {'a': [1, 2], 'b': 0.1}
    """
    return json.dumps(record, sort_keys=True, allow_nan=False, indent=1).encode()


def unpack_json(packed: bytes) -> dict[str, Any]:
    """Record made by `pack_json`."""
    record: dict[str, Any] = json.loads(packed)
    return record


def member(artifact: Mapping[str, bytes], name: str) -> bytes:
    """Bytes called `name` in `artifact`.

    Raises
    ------
    errors.ArtifactError
        Where `artifact` has no such member.
    """
    if name not in artifact:
        found = ", ".join(sorted(artifact)) or "nothing"
        message = f"artifact must hold {name!r}, found {found}: store it again"
        raise errors.ArtifactError(message)
    return artifact[name]


def folder(artifact: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    """Members of `artifact` below the folder `name`, by their names in it.

    Examples
    --------
    >>> folder({"a/x": b"1", "b/x": b"2"}, "b")
    {'x': b'2'}
    """
    prefix = f"{name}/"
    return {
        key.removeprefix(prefix): content
        for key, content in artifact.items()
        if key.startswith(prefix)
    }
