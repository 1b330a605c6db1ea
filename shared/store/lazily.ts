/** Groups of operations. A request uses one or two of twenty, so each is made at its first use. */
export type Made<Makers extends Record<string, () => object>> = {
  readonly [Name in keyof Makers]: ReturnType<Makers[Name]>;
};

export function lazily<Makers extends Record<string, () => object>>(makers: Makers): Made<Makers> {
  const made = {};
  for (const [name, make] of Object.entries(makers)) {
    const get = () => {
      const value = make();
      Object.defineProperty(made, name, { value, enumerable: true });
      return value;
    };
    Object.defineProperty(made, name, { get, enumerable: true, configurable: true });
  }
  return made as Made<Makers>;
}
