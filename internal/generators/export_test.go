package generators

// ResourceName returns the label value and the units of a compute resource.
func (s *Samples) ResourceName(name string) (label string, units []string) {
	n := s.resourceName(name)
	return n.label, n.units
}
