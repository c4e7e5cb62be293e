const resources = [
  { name: "cpus", scalar: 1 },
  { name: "mem", scalar: 64 },
];
const disk = { name: "disk", scalar: 8, reservations: [{ role: "eng" }] };
const volume = { ...disk, disk: { persistence: { id: "v" }, volume: { containerPath: "data" } } };

/** Operations of a response, other than launches, that the API server refuses; `field` is that below the operation. */
export const refusedOperations: readonly {
  readonly name: string;
  readonly operation: object;
  readonly field: string;
  readonly words: string;
}[] = [
  {
    name: "an operation of another type",
    operation: { type: "LAUNCH", reserve: { resources } },
    field: "",
    words: "exactly the field of its type must be given",
  },
  {
    name: "an operation that Mesos lacks",
    operation: { type: "RELOCATE" },
    field: ".type",
    words: 'supported values: "LAUNCH"',
  },
  {
    name: "RESERVE without a reservation",
    operation: { type: "RESERVE", reserve: { resources } },
    field: ".reserve.resources",
    words: "must have reservations",
  },
  {
    name: "UNRESERVE of a static reservation",
    operation: {
      type: "UNRESERVE",
      unreserve: {
        resources: [{ name: "cpus", scalar: 1, reservations: [{ role: "eng", type: "STATIC" }] }],
      },
    },
    field: ".unreserve.resources",
    words: "must have a DYNAMIC reservation",
  },
  {
    name: "CREATE without a volume",
    operation: { type: "CREATE", create: { resources } },
    field: ".create.resources",
    words: "must have disk.persistence",
  },
  {
    name: "DESTROY without a volume",
    operation: { type: "DESTROY", destroy: { resources } },
    field: ".destroy.resources",
    words: "must have disk.persistence",
  },
  {
    name: "GROW_VOLUME without its field",
    operation: { type: "GROW_VOLUME" },
    field: "",
    words: "exactly the field of its type must be given",
  },
  {
    name: "GROW_VOLUME of what is no volume",
    operation: { type: "GROW_VOLUME", growVolume: { volume: disk, addition: disk } },
    field: ".growVolume.volume",
    words: "must have disk.persistence",
  },
  {
    name: "GROW_VOLUME by another volume",
    operation: { type: "GROW_VOLUME", growVolume: { volume, addition: volume } },
    field: ".growVolume.addition",
    words: "is disk without a volume",
  },
  {
    name: "GROW_VOLUME by memory",
    operation: { type: "GROW_VOLUME", growVolume: { volume, addition: { name: "mem", scalar: 8 } } },
    field: ".growVolume.addition",
    words: "is disk without a volume",
  },
  {
    name: "SHRINK_VOLUME of what is no volume",
    operation: { type: "SHRINK_VOLUME", shrinkVolume: { volume: disk, subtract: { scalar: 1 } } },
    field: ".shrinkVolume.volume",
    words: "must have disk.persistence",
  },
  {
    name: "SHRINK_VOLUME by two amounts",
    operation: {
      type: "SHRINK_VOLUME",
      shrinkVolume: { volume, subtract: { scalar: 1, quantity: "1Mi" } },
    },
    field: ".shrinkVolume.subtract",
    words: "exactly one of scalar and quantity",
  },
  {
    name: "SHRINK_VOLUME by less than nothing",
    operation: { type: "SHRINK_VOLUME", shrinkVolume: { volume, subtract: { scalar: -1 } } },
    field: ".shrinkVolume.subtract.scalar",
    words: "should be greater than or equal to 0",
  },
];

/** What it takes. */
export const resizes: readonly object[] = [
  { type: "GROW_VOLUME", growVolume: { volume, addition: disk } },
  { type: "SHRINK_VOLUME", shrinkVolume: { volume, subtract: { quantity: "2Mi" } } },
];
