import type { Scene } from "./scene.ts";

/** A Pod of the scene that serves these files, as somebody has them somewhere, and logs what it is asked for; resolves with its URL. */
export async function serveFiles(
  scene: Scene,
  name: string,
  files: Readonly<Record<string, Buffer | string>>,
): Promise<string> {
  const { namespace, cluster } = scene;
  const metadata = { name, namespace };
  const binaryData = Object.fromEntries(
    Object.entries(files).map(([file, content]) => [file, Buffer.from(content).toString("base64")]),
  );
  const command = ["/bin/busybox", "httpd", "-f", "-vv", "-p", "8080", "-h", "/www"];
  const volumeMounts = [{ name: "www", mountPath: "/www" }];
  await cluster.apply(
    { apiVersion: "v1", kind: "ConfigMap", metadata, binaryData },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata,
      spec: {
        containers: [{ name: "httpd", image: cluster.test.image, command, volumeMounts }],
        volumes: [{ name: "www", configMap: { name } }],
      },
    },
  );
  await scene.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s");
  const pod = await cluster.kinds.pods.get(metadata);
  return `http://${pod.status?.podIP}:8080`;
}
