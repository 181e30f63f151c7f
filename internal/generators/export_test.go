package generators

// ResourceName is what there is to be known of the name of a compute resource:
// the label that it makes, and the units of its amounts.
func (s *Samples) ResourceName(name string) (label string, units []string) {
	n := s.resourceName(name)
	return n.label, n.units
}
