package workloads

import (
	"crypto/sha256"
	"strings"

	"github.com/google/uuid"
)

// An id identifies an object: its uid if that is a UUID as the API server writes it, or else a hash
// of its key.
type id = uuid.UUID

// idOf returns the id of a uid or key, and whether the id has its text.
func idOf(key string) (i id, textual bool) {
	const length = 36 // uuid.Parse accepts other forms
	if len(key) == length && strings.ToLower(key) == key {
		if i, err := uuid.Parse(key); err == nil {
			return i, true
		}
	}
	sum := sha256.Sum256([]byte(key))
	return id(sum[:len(i)]), false
}
