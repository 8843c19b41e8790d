package cgroupv2

import "testing"

func TestLeft(t *testing.T) {
	for _, test := range []struct{ used, limit, want uint64 }{
		{0, Unlimited, Unlimited},
		{7, Unlimited, Unlimited},
		{7, 10, 3},
		{10, 10, 0},
		{11, 10, 0}, // as the kernel permits
	} {
		if got := left(test.used, test.limit); got != test.want {
			t.Errorf("%d used of %d leave %d, want %d", test.used, test.limit, got, test.want)
		}
	}
}

func TestBandwidth(t *testing.T) {
	for _, test := range []struct {
		content string
		want    uint64
		fails   bool
	}{
		{"max 100000", Unlimited, false},
		{"200000 100000", 2000, false},
		{"1000 100000", 10, false},
		{"1000 0", 0, true},
		{"1000", 0, true},
		{"much 100000", 0, true},
	} {
		r := &statReader{}
		if got := r.bandwidth(test.content); got != test.want || (r.err != nil) != test.fails {
			t.Errorf("%q: got %d, %v, want %d", test.content, got, r.err, test.want)
		}
	}
}

// A group without limits has unlimited room; one with a limit has what is left of it.
func TestRoom(t *testing.T) {
	tree := openTree(t)
	group, err := tree.Create(base(t), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = group.Delete(Within(deleteTimeout)) }()
	want := Room{Unlimited, Unlimited, Unlimited}
	if got, err := group.Room(); err != nil || got != want {
		t.Errorf("without limits: got %+v, %v, want %+v", got, err, want)
	}
}
