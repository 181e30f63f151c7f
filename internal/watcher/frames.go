package watcher

import (
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/projection"
)

// framer makes readers of the frames of a stream, each of which is an event, that
// leave out events about objects that are not of the share. Those cost neither an
// allocation nor a change of goroutines.
type framer struct {
	runtime.Framer
	share *share
}

// NewFrameReader reads the frames in r.
func (f framer) NewFrameReader(r io.ReadCloser) io.ReadCloser {
	return &frameReader{ReadCloser: f.Framer.NewFrameReader(r), share: f.share}
}

type frameReader struct {
	io.ReadCloser
	share  *share
	within bool // a frame of which the reader has the beginning
}

// Read reads a frame into p, or a part of one if p is too short, as the error
// io.ErrShortBuffer says. A frame that is read in parts is left to others to look
// at: buffers grow, and so that is rare.
func (r *frameReader) Read(p []byte) (int, error) {
	for {
		n, err := r.ReadCloser.Read(p)
		continued := r.within
		r.within = errors.Is(err, io.ErrShortBuffer)
		if err != nil || continued || r.wanted(p[:n]) {
			return n, err
		}
	}
}

// wanted says whether an event is for the reader. All are that are not of an object
// with a uid, such as bookmarks and errors.
func (r *frameReader) wanted(event []byte) bool {
	_, object, ok := projection.OpenEvent(event)
	if !ok {
		return true
	}
	e, ok := projection.Open(object)
	if !ok {
		return true
	}
	uid := projection.UID(e.Object)
	return len(uid) == 0 || r.share.wants(uid)
}
