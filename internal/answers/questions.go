package answers

// questions are all questions.
var questions = []question{podsNotRunning}

// Families returns the names of the families that answers read.
func Families() (all []string) {
	for _, q := range questions {
		all = append(all, q.families()...)
	}
	return append(all, events...)
}

// Charts returns the charts of a content.
func Charts(Content) []Chart { return nil }
