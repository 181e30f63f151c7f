package authfilter

// Kept are the digests and answers that the filter keeps.
func (f *Filter) Kept() (tokens, verdicts []any) { return f.tokens.kept.Keys(), f.verdicts.kept.Keys() }
