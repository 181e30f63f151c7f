package generators

// ResourceName is what there is to be known of the name of a compute resource:
// the label that it makes, and the units of its amounts.
func (s *Samples) ResourceName(name string) (label string, units []string) {
	n := s.resourceName(name)
	return n.label, n.units
}

// OlderVersions is how many there are to be read.
func OlderVersions() (n int) {
	for _, v := range older {
		n += len(v)
	}
	return n
}
