"""JSON instead of pickle in the cache: what Redis holds is treated as hostile (reliability-security.md, 0.8)."""

import json
from typing import Any


class JSONSerializer:
    """Serializer for Django's RedisCache. Integers stay bare so that INCR works."""

    def dumps(self, obj: Any) -> bytes | int:
        if type(obj) is int:
            return obj
        return json.dumps(obj, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
