// Package nearest finds the known word that a misspelt one is closest to, for error
// messages.
package nearest

// limit bounds the bytes of a word that are compared, as a client may send it.
const limit = 64

// To returns the known word that has the least edit distance from word, the first of
// several; false if there are no known words. Only the first bytes of word count.
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

// distance is the Levenshtein distance between a and b, in bytes.
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
