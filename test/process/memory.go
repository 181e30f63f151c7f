package process

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Remembers says for each text whether it is anywhere in the memory that the
// child may write: heap, stacks and all buffers, in use or left behind. It needs
// the right to trace the child.
func (p *Process) Remembers(texts []string) ([]bool, error) {
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
			continue // gone meanwhile, or the kernel's
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

// region is a stretch of addresses.
type region struct{ start, end uint64 }

// writable gives the child's writable memory.
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
