"""A target of load balancers: balancer_target.py NAME PORT [ADDRESS]

Answers every request with what came, as JSON. Of the query: `hold` holds the answer back until
/health?release= has the same word, `wait` seconds before the answer, `code` the status, `set` a
cookie. /health answers with the status that was last asked for by /be?health=, and says how many
answers are `held`.
An upgrade to websocket is answered and then each byte echoed.
"""

import asyncio
import collections
import json
import sys
import urllib.parse

health = 200
served = 0
held = 0
releases = collections.defaultdict(asyncio.Event)


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _version = line.split(" ")
    headers = [field.split(": ", 1) if ": " in field else [field.rstrip(":"), ""]
               for field in fields]
    names = {name.lower(): value for name, value in headers}
    body = await reader.readexactly(int(names.get("content-length", 0)))
    return method, target, headers, names, body


async def serve(reader, writer):
    global health, served, held
    try:
        while True:
            method, target, headers, names, body = await read_request(reader)
            parts = urllib.parse.urlsplit(target)
            query = dict(urllib.parse.parse_qsl(parts.query))
            if names.get("upgrade", "").lower() == "websocket":
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             b"Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")
                while data := await reader.read(4096):
                    writer.write(data)
                    await writer.drain()
                return
            if "health" in query:
                health = int(query["health"])
            code = int(query.get("code", 200))
            if parts.path == "/health":
                code = health
            else:
                served += 1
            if "wait" in query:
                await asyncio.sleep(float(query["wait"]))
            if "release" in query:
                releases[query["release"]].set()
            if "hold" in query:
                held += 1
                await releases[query["hold"]].wait()
                held -= 1
            answer = json.dumps({"name": sys.argv[1], "method": method, "target": target,
                                 "headers": headers, "body": body.decode("latin-1"),
                                 "served": served, "held": held}).encode()
            cookie = f"Set-Cookie: {query['set']}\r\n" if "set" in query else ""
            writer.write(f"HTTP/1.1 {code} Whatever\r\nContent-Length: {len(answer)}\r\n{cookie}"
                         "\r\n".encode() + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    address = sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1"
    server = await asyncio.start_server(serve, address, int(sys.argv[2]), backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
