package apiclient

import (
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/projection"
)

// A framer makes readers of the frames of a stream, one frame per event, that drop events of
// objects the filter does not choose. A dropped event costs no allocation.
type framer struct {
	runtime.Framer
	filter Filter
}

// NewFrameReader reads the frames of r.
func (f framer) NewFrameReader(r io.ReadCloser) io.ReadCloser {
	return &frameFilter{ReadCloser: f.Framer.NewFrameReader(r), filter: f.filter}
}

type frameFilter struct {
	io.ReadCloser
	filter Filter
	within bool // a frame of which the reader has the beginning
}

// Read reads a frame into p, or a part of one and io.ErrShortBuffer if p is too short. Frames
// read in parts are not filtered here: buffers grow, so they are rare.
func (r *frameFilter) Read(p []byte) (int, error) {
	for {
		n, err := r.ReadCloser.Read(p)
		continued := r.within
		r.within = errors.Is(err, io.ErrShortBuffer)
		if err != nil || continued || r.wants(p[:n]) {
			return n, err
		}
	}
}

// wants reports whether to keep an event. Events about no uid, such as bookmarks and errors,
// are kept.
func (r *frameFilter) wants(event []byte) bool {
	_, object, ok := projection.OpenEvent(event)
	if !ok {
		return true
	}
	e, ok := projection.Open(object)
	if !ok {
		return true
	}
	uid := projection.UID(e.Object)
	return len(uid) == 0 || r.filter.Wants(uid)
}
