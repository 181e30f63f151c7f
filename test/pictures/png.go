package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"slices"
)

const (
	signature = "\x89PNG\r\n\x1a\n"
	keyword   = "Source\x00"
)

// A chunk of a PNG has a length, a type of four letters, data and a checksum.
type chunk struct{ kind, data []byte }

// chunks returns the chunks of a PNG.
func chunks(png []byte) ([]chunk, error) {
	rest, ok := bytes.CutPrefix(png, []byte(signature))
	if !ok {
		return nil, errors.New("no PNG")
	}
	var all []chunk
	for len(rest) > 0 {
		if len(rest) < 12 || uint64(binary.BigEndian.Uint32(rest))+12 > uint64(len(rest)) {
			return nil, errors.New("truncated PNG")
		}
		n := int(binary.BigEndian.Uint32(rest))
		all = append(all, chunk{rest[4:8], rest[8 : 8+n]})
		rest = rest[12+n:]
	}
	return all, nil
}

// small returns a PNG in fewer bytes, with its most frequent colours, and the nearest one of those for each other.
func small(picture []byte) ([]byte, error) {
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	counts := map[color.RGBA]int{}
	bounds := decoded.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[color.RGBAModel.Convert(decoded.At(x, y)).(color.RGBA)]++
		}
	}
	var palette color.Palette
	for _, c := range slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	}) {
		palette = append(palette, c)
	}
	paletted := image.NewPaletted(bounds, palette[:min(256, len(palette))])
	draw.Draw(paletted, bounds, decoded, bounds.Min, draw.Src)
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, paletted)
	return b.Bytes(), err
}

// withSource returns a PNG with a text that says what it was made from, instead of other text.
func withSource(png []byte, source string) ([]byte, error) {
	all, err := chunks(png)
	if err != nil {
		return nil, err
	}
	b := []byte(signature)
	for i, c := range all {
		if string(c.kind) == "tEXt" {
			continue
		}
		b = c.append(b)
		if i == 0 { // the header
			b = chunk{[]byte("tEXt"), []byte(keyword + source)}.append(b)
		}
	}
	return b, nil
}

func (c chunk) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.data)))
	begin := len(b)
	b = append(append(b, c.kind...), c.data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[begin:]))
}

// sourceOf returns the text of withSource.
func sourceOf(png []byte) (string, error) {
	all, err := chunks(png)
	for _, c := range all {
		if source, ok := bytes.CutPrefix(c.data, []byte(keyword)); ok && string(c.kind) == "tEXt" {
			return string(source), nil
		}
	}
	if err != nil {
		return "", err
	}
	return "", errors.New("PNG without a source")
}
