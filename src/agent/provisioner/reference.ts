import { InvalidImageError } from "./provisioner.ts";

export interface ImageReference {
  /** Host and port of the registry: "docker.io", "registry.example:5000". */
  readonly domain: string;
  /** "library/busybox". */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
  /** Whole and normalised: what containerd names the image. */
  readonly name: string;
}

const PATH_COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const PATH = new RegExp(`^${PATH_COMPONENT}(?:/${PATH_COMPONENT})*$`);
const DOMAIN_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const DOMAIN = new RegExp(`^(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`);
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;
/** OCI distribution: name without tag at most 255. */
const MAX_NAME = 255;

/**
 * Docker's reference grammar (distribution/reference): `busybox` is docker.io/library/busybox:latest. Throws InvalidImageError.
 * With a digest the tag is dropped: the digest alone decides.
 */
export function parseReference(text: string): ImageReference {
  const fail = (why: string) => new InvalidImageError(`image reference "${text}" ${why}`);
  const [withTag = "", digest, ...more] = text.split("@");
  if (more.length > 0) throw fail("has more than one @");
  if (digest !== undefined && !DIGEST.test(digest))
    throw fail("has a digest that is not sha256:… or sha512:…");

  const lastSlash = withTag.lastIndexOf("/");
  const colon = withTag.indexOf(":", lastSlash + 1);
  const repository = colon < 0 ? withTag : withTag.slice(0, colon);
  const tag = colon < 0 ? undefined : withTag.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw fail("has an invalid tag");

  const { domain, path } = splitDomain(repository);
  if (!DOMAIN.test(domain)) throw fail("has an invalid registry host");
  if (!PATH.test(path)) {
    throw fail(
      path === path.toLowerCase()
        ? "has an invalid repository name"
        : "has a repository name not in lower case",
    );
  }
  if (domain.length + path.length + 1 > MAX_NAME) throw fail("is too long");
  const base = `${domain}/${path}`;
  if (digest !== undefined) return { domain, path, digest, name: `${base}@${digest}` };
  return { domain, path, tag: tag ?? "latest", name: `${base}:${tag ?? "latest"}` };
}

/** What stands before the first slash is a host if it has a dot, a colon or upper case, or is localhost. */
function splitDomain(repository: string): { domain: string; path: string } {
  const slash = repository.indexOf("/");
  const first = repository.slice(0, Math.max(slash, 0));
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  const domain = isHost ? first : "docker.io";
  const path = isHost ? repository.slice(slash + 1) : repository;
  if (domain !== "docker.io" && domain !== "index.docker.io") return { domain, path };
  return { domain: "docker.io", path: path.includes("/") ? path : `library/${path}` };
}
