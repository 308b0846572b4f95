"""Science modules: one per file, arrays in, arrays out. `registry.modules` finds them all."""
