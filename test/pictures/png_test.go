package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// TestSourceOfPicture holds that a picture with a source is still a picture, and has the last source.
func TestSourceOfPicture(t *testing.T) {
	drawn := image.NewRGBA(image.Rect(0, 0, 3, 2))
	drawn.Set(1, 1, color.RGBA{10, 20, 30, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		t.Fatal(err)
	}
	if source, err := sourceOf(b.Bytes()); err == nil {
		t.Errorf("source of a picture without one: %q", source)
	}
	reduced, err := small(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	first, err := withSource(reduced, "first")
	if err != nil {
		t.Fatal(err)
	}
	second, err := withSource(first, "second")
	if err != nil {
		t.Fatal(err)
	}
	if source, err := sourceOf(second); source != "second" || err != nil {
		t.Errorf("source: %q, %v", source, err)
	}
	if decoded, err := png.Decode(bytes.NewReader(second)); err != nil || decoded.Bounds() != drawn.Bounds() || color.RGBAModel.Convert(decoded.At(1, 1)) != drawn.At(1, 1) {
		t.Errorf("decoded: %v, %v", decoded, err)
	}
	if _, err := withSource(second[:len(second)-1], ""); err == nil {
		t.Error("a truncated picture passes for a picture")
	}
}
