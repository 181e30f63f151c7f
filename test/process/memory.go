package process

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Contains reports for each text whether the child's writable memory contains it: heap, stacks and
// buffers, in use or not. It needs the right to trace the child.
func (p *Process) Contains(texts []string) ([]bool, error) {
	regions, err := p.writable()
	if err != nil {
		return nil, err
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", p.Pid()))
	if err != nil {
		return nil, fmt.Errorf("read memory of %s: %w", p.Name, err)
	}
	defer memory.Close()
	found := make([]bool, len(texts))
	read := 0
	for _, r := range regions {
		b := make([]byte, r.end-r.start)
		n, err := memory.ReadAt(b, int64(r.start))
		if err != nil && n == 0 {
			continue // unmapped meanwhile, or of the kernel
		}
		read += n
		for i, text := range texts {
			found[i] = found[i] || bytes.Contains(b[:n], []byte(text))
		}
	}
	if read == 0 {
		return nil, fmt.Errorf("no memory of %s can be read", p.Name)
	}
	return found, nil
}

// region is a range of addresses.
type region struct{ start, end uint64 }

// writable returns the child's writable memory.
func (p *Process) writable() ([]region, error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.Pid()))
	if err != nil {
		return nil, fmt.Errorf("read memory of %s: %w", p.Name, err)
	}
	var regions []region
	for lines := bufio.NewScanner(bytes.NewReader(maps)); lines.Scan(); {
		var r region
		var permissions string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &r.start, &r.end, &permissions); err != nil {
			return nil, fmt.Errorf("read memory of %s: %q: %w", p.Name, lines.Text(), err)
		}
		if strings.HasPrefix(permissions, "rw") {
			regions = append(regions, r)
		}
	}
	return regions, nil
}
