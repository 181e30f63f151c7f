package customresource

import (
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Reporter counts rendering failures, and logs the first of each family and reason. It may be used
// concurrently.
type Reporter struct {
	failures *prometheus.CounterVec
	log      *slog.Logger

	mu     sync.Mutex
	logged map[failure]prometheus.Counter
}

// A reason is the reason why a series is missing.
type reason string

// The reasons.
const (
	reasonValue      reason = "value"      // the value does not convert to the family's type
	reasonExpression reason = "expression" // the evaluation failed
	reasonConflict   reason = "conflict"   // the series has two values
	reasonJSON       reason = "json"       // the object is invalid JSON
)

type failure struct {
	reason reason
	family string
}

// NewReporter returns a reporter and registers its metrics.
func NewReporter(reg prometheus.Registerer, log *slog.Logger) *Reporter {
	r := &Reporter{
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_custom_resource_errors_total",
			Help: "Custom resource series that could not be rendered, by reason.",
		}, []string{"family", "reason"}),
		log:    log,
		logged: map[failure]prometheus.Counter{},
	}
	reg.MustRegister(r.failures)
	return r
}

// failed counts a failure.
func (r *Reporter) failed(why reason, family string, object metav1.Object, detail string) {
	if r.count(failure{why, family}) {
		return
	}
	r.log.Warn("cannot render a series of a custom resource; further failures of the family are only counted",
		"family", family, "namespace", object.GetNamespace(), "name", object.GetName(), "reason", string(why), "detail", detail)
}

// count counts a failure, and reports whether it is not the first.
func (r *Reporter) count(f failure) (before bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	counter, before := r.logged[f]
	if !before {
		counter = r.failures.WithLabelValues(f.family, string(f.reason))
		r.logged[f] = counter
	}
	counter.Inc()
	return before
}
