package customresource

import (
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Reporter counts what cannot be rendered, and logs it once for each family and reason. It
// may be used concurrently.
type Reporter struct {
	failures *prometheus.CounterVec
	log      *slog.Logger

	mu     sync.Mutex
	logged map[failure]prometheus.Counter // the failures that are logged
}

// A reason is why a series is missing.
type reason string

// The reasons.
const (
	reasonValue      reason = "value"      // it is not what the type of the family needs
	reasonExpression reason = "expression" // it failed
	reasonConflict   reason = "conflict"   // the series is there with another value
	reasonJSON       reason = "json"       // the object is no JSON
)

type failure struct {
	reason reason
	family string
}

// NewReporter makes a reporter and registers its metrics.
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

// failed counts a failure. The detail says what is wrong and where.
func (r *Reporter) failed(why reason, family string, object metav1.Object, detail string) {
	if r.count(failure{why, family}) {
		return
	}
	r.log.Warn("custom resource: a series is left out; further ones of the family are only counted",
		"family", family, "namespace", object.GetNamespace(), "name", object.GetName(), "reason", string(why), "detail", detail)
}

// count counts a failure, and reports whether it was counted before.
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
