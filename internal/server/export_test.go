package server

import "time"

// Streams are those of Scrapers, by the test's own clock.
type Streams struct{ streams }

// Connection is one that can be closed.
type Connection struct{ life }

// NewConnection makes one that is open.
func NewConnection() *Connection { return &Connection{} }

// Close closes it.
func (c *Connection) Close() { c.closed.Store(true) }

// Visit notes one of a group, on a connection, nil for one that is closed.
func (s *Streams) Visit(group uint64, c *Connection, timeout time.Duration, at time.Time) {
	v := visit{group: group, timeout: timeout, at: at}
	if c != nil {
		v.conn = &c.life
	}
	s.note(v)
}

// Since is that of Scrapers.
func (s *Streams) Since(t, now time.Time, others int) bool { return s.since(t, now, others) }

// Count is that of Scrapers.
func (s *Streams) Count(now time.Time) int { return s.count(now) }

// Remembered is how many streams there are, and of how many looks.
func (s *Streams) Remembered() (streams, looks int) {
	return s.once.Len() + s.again.Len(), len(s.looks)
}
