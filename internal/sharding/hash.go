package sharding

// The numbers of FNV-1a of 64 bits.
const (
	offset = 14695981039346656037
	prime  = 1099511628211
)

// Hash is the hash of a uid. It allocates nothing, unlike HashField of
// k8s.io/apimachinery/pkg/sharding, which gives the same as text.
func Hash[T ~string | ~[]byte](uid T) uint64 {
	h := uint64(offset)
	for i := range len(uid) {
		h = (h ^ uint64(uid[i])) * prime
	}
	return h
}
