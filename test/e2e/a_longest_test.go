package e2e

import "testing"

// Tests start in the order of their files. Those that take longest are in this one, the longest first,
// so that none of them is left over at the end, beside idle processors.

func TestModes(t *testing.T)                 { t.Parallel(); testModes(t) }
func TestChartModes(t *testing.T)            { t.Parallel(); testChartModes(t) }
func TestDiscovery(t *testing.T)             { t.Parallel(); testDiscovery(t) }
func TestStandby(t *testing.T)               { t.Parallel(); testStandby(t) }
func TestStreamWithoutEnd(t *testing.T)      { t.Parallel(); testStreamWithoutEnd(t) }
func TestFaults(t *testing.T)                { t.Parallel(); testFaults(t) }
func TestCountersAreDivided(t *testing.T)    { t.Parallel(); testCountersAreDivided(t) }
func TestCountersThroughFaults(t *testing.T) { t.Parallel(); testCountersThroughFaults(t) }
func TestShards(t *testing.T)                { t.Parallel(); testShards(t) }
func TestValuesAreNotHeld(t *testing.T)      { t.Parallel(); testValuesAreNotHeld(t) }
func TestReadersByToken(t *testing.T)        { t.Parallel(); testReadersByToken(t) }
