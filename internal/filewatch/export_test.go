package filewatch

// Debounce, Quiet and Longest are tested apart from the file system, with a clock of the test's.
const (
	Quiet   = quiet
	Longest = longest
)

var Debounce = debounce
