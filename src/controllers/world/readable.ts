import { fromSpec, ResourceError, Resources } from "../../resources/index.ts";

/** What others wrote and the algebra does not take counts as nothing. */
export function readable(list: Parameters<typeof fromSpec>[0]): Resources {
  try {
    return fromSpec(list);
  } catch (error) {
    if (error instanceof ResourceError) return Resources.empty;
    throw error;
  }
}
