"""An OpenFeature provider that fails safe, for Python applications under Andon.

It stands alone: it needs `openfeature-sdk` and `httpx` and nothing else of Andon.

    from openfeature import api
    from andon.client import AndonProvider

    doors = ["https://door-a.example", "https://door-b.example"]
    api.set_provider(AndonProvider(doors, token=TOKEN), domain="refund_desk")
"""

from andon.client.provider import AndonProvider

__all__ = ["AndonProvider"]
