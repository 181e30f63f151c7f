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

// instant is content that becomes complete when Complete is called.
type instant struct{ at time.Time }

func (*instant) Reshard(sharding.Ranges) {}
func (*instant) Drop(sharding.Ranges)    {}
func (*instant) Filtered() bool          { return false }

func (i *instant) Complete() bool {
	i.at = time.Now()
	return true
}

// nothing are no increments.
type nothing struct{ Increments }

func (nothing) Any() bool { return false }

// showing is a gauge with the time of the last Set.
type showing struct {
	prometheus.Gauge
	at time.Time
}

func (s *showing) Set(float64) { s.at = time.Now() }

// TestScrapesCountFrom holds that only scrapes count that begin after readers get the content: earlier
// ones had less.
func TestScrapesCountFrom(t *testing.T) {
	content := &instant{}
	config := Config{
		Pod: "kubestate-0", Namespace: "monitoring", Content: content, Increments: nothing{},
		Scraped: func(time.Time, int) bool { return false }, Scrapers: func() int { return 0 }, Status: sharding.NewStatus(prometheus.NewRegistry()),
	}
	s, err := New(config, &rest.Config{}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.member = handover.New(0, "uid", 1, 0)
	s.sawSet(new(&appsv1.StatefulSet{}))
	closed := &showing{Gauge: s.metrics.unclaimed}
	s.metrics.unclaimed = closed // set before the progress
	for range 3 {
		if s.Progress().Serving {
			break
		}
		s.act()
	}
	if !s.Progress().Serving {
		t.Fatal("it does not serve")
	}
	if s.extended.Before(closed.at) {
		t.Errorf("scrapes count from %s before serving", closed.at.Sub(s.extended))
	}
	s.complete = false // another list is running
	s.act()
	if !s.complete || s.extended.Before(content.at) {
		t.Errorf("scrapes count from %s before completion", content.at.Sub(s.extended))
	}
}

// TestCountScrapers holds that more scrapers are known at once, and fewer when they may not just be late.
func TestCountScrapers(t *testing.T) {
	present := 0
	s := &Shard{Config: Config{Scrapers: func() int { return present }}, member: handover.New(0, "uid", 1, 0)}
	start := time.Unix(1e9, 0)
	f := func(after time.Duration, n, want int) {
		t.Helper()
		present = n
		if s.countScrapers(start.Add(after)); s.scrapers != want {
			t.Errorf("%d scrapers after %s: the member knows %d, want %d", n, after, s.scrapers, want)
		}
	}
	f(0, 0, 0)
	f(900*time.Millisecond, 1, 0)
	f(time.Second, 3, 3)
	f(1500*time.Millisecond, 8, 3)
	f(2*time.Second, 8, 8)
	f(3*time.Second, 7, 8)
	f(21*time.Second, 7, 8)
	f(22*time.Second, 7, 7)
	f(23*time.Second, 8, 8)
}

// TestLimitOf holds that the wait for the others and the stop fit into the grace period, and that a
// period which is too short is refused.
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
	f(30*time.Second, 6*time.Second, 0, "--shutdown-delay 6s does not fit: with 20s for responses in progress and 5s to spare, pod monitoring/kubestate-0 needs a terminationGracePeriodSeconds of 31, and has 30")
	f(0, 0, 0, "--shutdown-delay 0s does not fit: with 20s for responses in progress and 5s to spare, pod monitoring/kubestate-0 needs a terminationGracePeriodSeconds of 25, and has 0")
}
