package cluster

import (
	"context"
	"fmt"
	"strings"
)

// OpenWatches returns the API server's number of open watches, its own included.
func (c *Cluster) OpenWatches(ctx context.Context) (n float64, err error) {
	text, err := c.Client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "apiserver_longrunning_requests{") || !strings.Contains(line, `verb="WATCH"`) {
			continue
		}
		var value float64
		if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &value); err != nil {
			return 0, fmt.Errorf("%s: %w", line, err)
		}
		n += value
	}
	return n, nil
}
