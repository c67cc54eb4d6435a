# Synod from Python: any NATS client does, nothing else is needed.
#   pip install nats-py && python example.py
import asyncio, json, os
import nats


async def main():
    connection = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))

    async def ask(subject, body=b"", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await connection.request(f"synod.kv.python.{subject}", body, timeout=5, headers=headers)
        error = (answer.headers or {}).get("Nats-Service-Error")
        if error:
            raise RuntimeError(error)
        return answer

    revision = json.loads((await ask("put.greeting", "größer".encode())).data)["revision"]
    answer = await ask("get.greeting")
    print("greeting:", answer.data.decode(), answer.headers["Synod-Revision"] == str(revision))
    try:  # compare-and-set: 0 means that the key must not be there
        await ask("put.greeting", b"mine", Nats_Expected_Last_Subject_Sequence="0")
    except RuntimeError as refused:
        print("refused:", refused)
    for _ in range(3):
        visits = json.loads((await ask("incr.visits")).data)["value"]
    page = json.loads((await ask("range", b'{"limit":10}')).data)
    print("visits:", visits, "keys:", [row["key"] for row in page["entries"]])
    await connection.close()


asyncio.run(main())
