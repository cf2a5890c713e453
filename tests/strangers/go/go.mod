module kaipiao.example/stranger

go 1.18

require golang.org/x/mod v0.0.0

// Debian's golang-golang-x-mod-dev: nothing is fetched while we test.
replace golang.org/x/mod => /usr/share/gocode/src/golang.org/x/mod
