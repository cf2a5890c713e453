package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const maxFile = 1 << 24

// site is a log at an http address: one connection, one question at a time.  Plain sockets, for
// net/http would double the time that it takes to compile us.
type site struct {
	host, prefix string
	conn         net.Conn
	answer       *textproto.Reader
}

func dial(url string) *site {
	host, prefix, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	return &site{host: host, prefix: strings.TrimRight("/"+prefix, "/")}
}

// Height and the two methods below it make a site a tlog.TileReader.
func (s *site) Height() int { return height }

func (s *site) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for n, tile := range tiles {
		found[n] = s.get(path("", tile))
	}
	return found, nil
}

func (s *site) SaveTiles([]tlog.Tile, [][]byte) {}

// get is a file of the log; a missing one ends us.
func (s *site) get(name string) []byte {
	if s.conn == nil {
		conn, err := net.Dial("tcp", s.host)
		check(err)
		s.conn, s.answer = conn, textproto.NewReader(bufio.NewReader(conn))
	}
	fmt.Fprintf(s.conn, "GET %s/%s HTTP/1.1\r\nHost: %s\r\n\r\n", s.prefix, name, s.host)
	status, err := s.answer.ReadLine()
	check(err)
	header, err := s.answer.ReadMIMEHeader()
	check(err)
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil || length > maxFile {
		fail(name + ": an answer without a length, or too long")
	}
	content := make([]byte, length)
	_, err = io.ReadFull(s.answer.R, content)
	check(err)
	if !strings.HasPrefix(status, "HTTP/1.1 200") {
		fail(name + ": " + status)
	}
	if strings.EqualFold(header.Get("Connection"), "close") {
		s.conn.Close()
		s.conn = nil
	}
	return content
}
