package options

// ParseAllowlist is parseAllowlist with a type that tests can name.
func ParseAllowlist(s string) (map[string][]string, error) { return parseAllowlist(s) }
