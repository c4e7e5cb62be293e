// `helm test`: one Task through the API server, the operator, an agent and containerd, to its end.
import { readFileSync } from "node:fs";

const account = "/var/run/secrets/kubernetes.io/serviceaccount";
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, NAMESPACE, NAME, TIMEOUT_SECONDS } = process.env;
const base = `https://${host.includes(":") ? `[${host}]` : host}:${port}/apis/mesos.dev/v1alpha1`;
const tasks = `${base}/namespaces/${NAMESPACE}/tasks`;

async function call(method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(`${account}/token`, "utf8")}`,
      "content-type": "application/json",
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.message), { code: answer.status });
  return value;
}

const { items: agents } = await call("GET", `${base}/agents`);
console.log(`${agents.length} agents: ${agents.map(({ metadata }) => metadata.name).join(", ")}`);

const { metadata } = await call("POST", tasks, {
  apiVersion: "mesos.dev/v1alpha1",
  kind: "Task",
  metadata: { generateName: `${NAME}-` },
  spec: {
    resources: [
      { name: "cpus", scalar: 0.1 },
      { name: "mem", scalar: 32 },
    ],
    command: { value: "echo it works" },
    ttlAfterFinished: "1m",
  },
});
const url = `${tasks}/${metadata.name}`;
const deadline = Date.now() + Number(TIMEOUT_SECONDS) * 1000;
let status = {};
let said = "";
const ended = /FINISHED|FAILED|KILLED|ERROR|LOST|DROPPED|GONE/;
while (!ended.test(status.state) && Date.now() < deadline) {
  ({ status = {} } = await call("GET", url));
  const placed = status.conditions?.find(({ type }) => type === "Placed");
  const line = [status.state ?? "TASK_STAGING", status.reason, status.message ?? placed?.message].filter(Boolean).join(" ");
  if (line !== said) console.log(`${metadata.name}: ${line}`);
  said = line;
  await new Promise((resolve) => setTimeout(resolve, 500));
}
await call("DELETE", url).catch(({ code }) => code === 404);
if (status.state !== "TASK_FINISHED") {
  console.error(`the task did not finish within ${TIMEOUT_SECONDS} s`);
  process.exit(1);
}
