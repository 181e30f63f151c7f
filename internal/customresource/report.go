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
	once     sync.Map // of failure
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
			Name: "kubestate_custom_resource_failures_total",
			Help: "Series of custom resources that could not be made, by family and reason.",
		}, []string{"family", "reason"}),
		log: log,
	}
	reg.MustRegister(r.failures)
	return r
}

// failed counts a failure. The detail says what is wrong and where.
func (r *Reporter) failed(why reason, family string, object metav1.Object, detail string) {
	r.failures.WithLabelValues(family, string(why)).Inc()
	if _, logged := r.once.LoadOrStore(failure{why, family}, true); logged {
		return
	}
	r.log.Warn("custom resource: a series is left out; further ones of the family are only counted",
		"family", family, "namespace", object.GetNamespace(), "name", object.GetName(), "reason", string(why), "detail", detail)
}
