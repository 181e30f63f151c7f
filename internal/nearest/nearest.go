// Package nearest suggests a known word for a misspelt one, in error messages.
package nearest

// limit bounds the compared bytes of a word, which may come from a client.
const limit = 64

// To returns the first known word with the least edit distance to the beginning of word, or
// false without known words.
func To(word string, known []string) (string, bool) {
	word = word[:min(limit, len(word))]
	best, least := "", -1
	for _, k := range known {
		if d := distance(word, k); least < 0 || d < least {
			best, least = k, d
		}
	}
	return best, least >= 0
}

// distance returns the Levenshtein distance of a and b in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
