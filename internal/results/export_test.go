package results

// Sizes returns the numbers of CronJobs, and of Objects that are rendered again.
func (x *Index) Sizes() [2]int { return [2]int{len(x.cronJobs), len(x.objects)} }

// Sizes returns the numbers of records, and of CronJobs that have any.
func (s *Objects) Sizes() [2]int { return [2]int{len(s.records), len(s.first)} }
