// One OpenFeature client, driven line by line: a command comes in on stdin as JSON, an answer goes out on stdout.
import { createInterface } from "node:readline";
import { EventSource } from "eventsource";

const [kind, baseUrl, token, poll] = process.argv.slice(2);
const headers = [["Authorization", `Bearer ${token}`]];
const said = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
globalThis.EventSource = EventSource;

const { OpenFeature } = await import(kind === "server" ? "@openfeature/server-sdk" : "@openfeature/web-sdk");

async function provider() {
  if (kind === "server") {
    const { OFREPProvider } = await import("@openfeature/ofrep-provider");
    return new OFREPProvider({ baseUrl, headers });
  }
  const { OFREPWebProvider } = await import("@openfeature/ofrep-web-provider");
  return new OFREPWebProvider({ baseUrl, headers, cacheMode: "disabled", pollInterval: Number(poll ?? 0) });
}

const client = OpenFeature.getClient();
if (kind === "web") {
  const { ClientProviderEvents } = await import("@openfeature/web-sdk");
  client.addHandler(ClientProviderEvents.ConfigurationChanged, () => said({ event: "changed" }));
  client.addHandler(ClientProviderEvents.Stale, () => said({ event: "stale" }));
}
try {
  await OpenFeature.setProviderAndWait(await provider());
  said({ event: "ready" });
} catch (error) {
  said({ event: "failed", error: String(error) });
}

for await (const line of createInterface({ input: process.stdin })) {
  const { key, fallback, about } = JSON.parse(line);
  const began = performance.now();
  const told =
    kind === "server"
      ? await client.getBooleanDetails(key, fallback, about ? { targetingKey: about } : {})
      : client.getBooleanDetails(key, fallback);
  said({
    value: told.value,
    reason: told.reason,
    variant: told.variant,
    error: told.errorCode,
    metadata: told.flagMetadata,
    ms: performance.now() - began,
  });
}
process.exit(0);
