package listwatch

import (
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"time"
)

// outageTime is the time from the first failure of an outage within which equal failures of other loops
// are not logged.
const outageTime = time.Minute

// Outages tell which failures of the loops of one API server to log: one that several loops have, such as
// a refused connection, is logged by the first alone. The methods accept nil, as each loop alone. Outages
// may be used concurrently.
type Outages struct {
	log *slog.Logger

	mu  sync.Mutex
	all map[string]*outage // by cause
}

// An outage is a failure of one or more loops.
type outage struct {
	began     time.Time
	failing   map[*Loop]bool
	resources map[string]bool // of all loops that failed
}

// NewOutages returns outages that log the ends of those that several loops had.
func NewOutages(log *slog.Logger) *Outages { return &Outages{log: log, all: map[string]*outage{}} }

// begin notes that a loop fails for another reason than before, and reports whether to log it.
func (o *Outages) begin(l *Loop, err error) bool {
	if o == nil {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leave(l)
	cause := causeOf(l, err)
	of, now := o.all[cause], time.Now()
	known := of != nil && now.Sub(of.began) < outageTime
	if of == nil {
		of = &outage{began: now, failing: map[*Loop]bool{}, resources: map[string]bool{}}
		o.all[cause] = of
	}
	of.failing[l], of.resources[l.Resource] = true, true
	return !known
}

// end notes that a loop succeeds, and reports whether to log it. It logs the end of an outage that
// several resources had.
func (o *Outages) end(l *Loop) bool {
	if o == nil {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	of := o.leave(l)
	if of == nil || len(of.resources) == 1 && len(of.failing) == 0 {
		return true
	}
	if len(of.failing) == 0 {
		o.log.Info("requests to the API server succeed again", "resources", len(of.resources))
	}
	return false
}

// stop notes that a loop has ended.
func (o *Outages) stop(l *Loop) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leave(l)
}

// leave removes a loop from its outage, which it returns, nil for none. The caller holds mu.
func (o *Outages) leave(l *Loop) *outage {
	for cause, of := range o.all {
		if of.failing[l] {
			delete(of.failing, l)
			if len(of.failing) == 0 {
				delete(o.all, cause)
			}
			return of
		}
	}
	return nil
}

// causeOf returns what failures of one outage have in common: that there is no connection, however that
// shows, or the text of the error. A refusal is of one resource.
func causeOf(l *Loop, err error) string {
	if stateFor(err).refused() {
		return l.Resource + " " + err.Error()
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return ""
	}
	return err.Error()
}
