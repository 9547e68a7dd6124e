# level: boundary
# category: network
# escape proof: canary listener accepts a connection

import asyncio


async def connect():
    await asyncio.open_connection("127.0.0.1", CTX["port"])


asyncio.run(connect())
