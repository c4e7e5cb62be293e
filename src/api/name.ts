import { z } from "zod";

/** A DNS label or subdomain, as Kubernetes object names are. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/**
 * A Mesos role: `*` or a path such as `eng/ads`. Components start with a letter, a digit or
 * `_`: narrower than Mesos (src/common/roles.cpp), which also takes any other printable text.
 */
export const rolePath = z
  .string()
  .min(1)
  .max(255)
  .regex(/^(\*|[A-Za-z0-9_][-A-Za-z0-9_.]*(\/[A-Za-z0-9_][-A-Za-z0-9_.]*)*)$/)
  .describe("A role: '*', or a path of names such as 'eng/ads'.");

/** A Mesos id (task, executor, volume): any printable text without a slash, not `.` or `..`. */
export const mesosId = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\s/\\]+$/);

/** The name of a resource or of an attribute. */
export const resourceName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$/);

export const timestamp = z.string().max(64).meta({ format: "date-time" });
