package members

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// instant is content that becomes complete when it is asked whether it is.
type instant struct{ at time.Time }

func (*instant) Reshard(sharding.Ranges) {}
func (*instant) Drop(sharding.Ranges)    {}
func (*instant) Filtered() bool          { return false }

func (i *instant) Complete() bool {
	i.at = time.Now()
	return true
}

// showing is a gauge that notes when it was last set.
type showing struct {
	prometheus.Gauge
	at time.Time
}

func (s *showing) Set(float64) { s.at = time.Now() }

// TestScrapesCountFrom holds that a scrape counts only if it begins when readers get
// the content: one that began a moment earlier had nothing, or less.
func TestScrapesCountFrom(t *testing.T) {
	content := &instant{}
	config := Config{
		Pod: "kubestate-0", Namespace: "monitoring", Content: content,
		Scraped: func(time.Time) bool { return false }, Place: sharding.NewPlace(prometheus.NewRegistry()),
	}
	s, err := New(config, &rest.Config{}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.member = handover.New(0, "uid", 1, 0)
	s.laidOut(new(&appsv1.StatefulSet{}))
	closed := &showing{Gauge: s.metrics.awaited}
	s.metrics.awaited = closed // set while the status is the one before
	for range 3 {
		if s.Status().Open {
			break
		}
		s.act()
	}
	if !s.Status().Open {
		t.Fatal("it does not open")
	}
	if s.more.Before(closed.at) {
		t.Errorf("scrapes count from %s before the opening", closed.at.Sub(s.more))
	}
	s.complete = false // more is under way
	s.act()
	if !s.complete || s.more.Before(content.at) {
		t.Errorf("scrapes count from %s before there is more", content.at.Sub(s.more))
	}
}

// TestLimitOf holds that waiting for the others, and what comes after that, is no longer
// than the grace period, and that what cannot fit is refused.
func TestLimitOf(t *testing.T) {
	f := func(grace, delay, want time.Duration, wantErr string) {
		t.Helper()
		c := Config{Pod: "kubestate-0", Namespace: "monitoring", Delay: delay, Drain: 20 * time.Second}
		got, err := c.limitOf(grace)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != want || text != wantErr {
			t.Errorf("of %s with a delay of %s: %s, %q", grace, delay, got, text)
		}
	}
	f(180*time.Second, 5*time.Second, 155*time.Second, "")
	f(30*time.Second, 5*time.Second, 5*time.Second, "")
	f(30*time.Second, 6*time.Second, 0, "--shutdown-delay 6s does not fit: with 20s for answers under way and 5s to spare, pod monitoring/kubestate-0 needs a terminationGracePeriodSeconds of 31, and has 30")
	f(0, 0, 0, "--shutdown-delay 0s does not fit: with 20s for answers under way and 5s to spare, pod monitoring/kubestate-0 needs a terminationGracePeriodSeconds of 25, and has 0")
}
