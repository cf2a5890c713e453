// Stranger reads one of our logs over HTTP with the library behind Go's checksum database, and
// believes nothing of it: not one rule of the format in here is ours.
//
//	stranger URL VERIFIER-KEY [OLDER-CHECKPOINT...]
//
// The library makes the tree again from the entries, which must lead to the signed root; every tile
// must be what it would publish, every entry's inclusion is proved, and every older checkpoint is
// proved, from the tiles alone, to be where this one began.  Exits 0 if all of it holds, else 1.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	if len(os.Args) < 3 {
		fail("usage: stranger URL VERIFIER-KEY [OLDER-CHECKPOINT...]")
	}
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	log := dial(os.Args[1])
	tree := open(log.get("checkpoint"), verifier)
	entries := readEntries(log, tree)
	built := build(tree, entries)
	tiles := compareTiles(log, tree, built)
	proved := proveInclusion(tree, entries, built)
	grown := 0
	for _, name := range os.Args[3:] {
		older, err := os.ReadFile(name)
		check(err)
		proveGrowth(log, open(older, verifier), tree)
		grown++
	}
	fmt.Printf("{\"size\":%d,\"tiles\":%d,\"inclusion\":%d,\"consistency\":%d}\n",
		tree.N, tiles, proved, grown)
}

// open is the tree of a checkpoint that the verifier signed.
func open(signed []byte, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		fail("not a checkpoint of " + verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	tree := tlog.Tree{N: size}
	if copy(tree.Hash[:], root) != tlog.HashSize {
		fail("the root is no hash")
	}
	return tree
}

// readEntries gives every entry, whatever it is worth.
func readEntries(log *site, tree tlog.Tree) [][]byte {
	var entries [][]byte
	for _, tile := range tilesOf(tree, 0) {
		bundle := log.get(path("entries", tile))
		for n := 0; n < tile.W; n++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				fail("a bundle ends too early")
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entries, bundle = append(entries, bundle[2:end]), bundle[end:]
		}
		if len(bundle) != 0 {
			fail("a bundle does not end")
		}
	}
	return entries
}

// build makes the tree again from the entries; its root must be the signed one.
func build(tree tlog.Tree, entries [][]byte) tlog.HashReader {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for n, index := range indexes {
			found[n] = stored[index]
		}
		return found, nil
	})
	for n, entry := range entries {
		more, err := tlog.StoredHashes(int64(n), entry, reader)
		check(err)
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(tree.N, reader)
	check(err)
	if root != tree.Hash {
		fail("the entries have another root than the checkpoint")
	}
	return reader
}

// compareTiles holds every tile against what the library makes of the entries.
//
// Its TileHashReader would not do: up to x/mod 0.7.0 it leaves out the first full tiles of each
// question, as many as the tree has peaks beyond its edge tiles.
func compareTiles(log *site, tree tlog.Tree, built tlog.HashReader) int {
	count := 0
	for level := 0; tree.N>>(height*level) > 0; level++ {
		for _, tile := range tilesOf(tree, level) {
			want, err := tlog.ReadTileData(tile, built)
			check(err)
			if !bytes.Equal(log.get(path("", tile)), want) {
				fail(tile.Path() + " is not what the entries say")
			}
			count++
		}
	}
	return count
}

// tilesOf names the tiles of one level, the last one as wide as it is in this tree.
func tilesOf(tree tlog.Tree, level int) []tlog.Tile {
	var tiles []tlog.Tile
	for left := tree.N >> (height * level); left > 0; left -= 1 << height {
		tile := tlog.Tile{H: height, L: level, N: int64(len(tiles)), W: 1 << height}
		if left < 1<<height {
			tile.W = int(left)
		}
		tiles = append(tiles, tile)
	}
	return tiles
}

func proveInclusion(tree tlog.Tree, entries [][]byte, built tlog.HashReader) int {
	for n, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(n), built)
		check(err)
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), tlog.RecordHash(entry)))
	}
	return len(entries)
}

// proveGrowth proves from the tiles that the older tree is where the newer one began.
func proveGrowth(log *site, older, newer tlog.Tree) {
	if newer.N < older.N {
		fail(fmt.Sprintf("rolled back: %d entries, and we hold a checkpoint of %d", newer.N, older.N))
	}
	proof, err := tlog.ProveTree(newer.N, older.N, tlog.TileHashReader(newer, log))
	check(err)
	check(tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash))
}

// path is where C2SP tlog-tiles puts a tile: as the library has it, less the height.
func path(kind string, tile tlog.Tile) string {
	parts := strings.SplitN(tile.Path(), "/", 4) // tile/8/<level>/<place>
	if kind == "" {
		kind = parts[2]
	}
	return "tile/" + kind + "/" + parts[3]
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, "stranger: "+why)
	os.Exit(1)
}
