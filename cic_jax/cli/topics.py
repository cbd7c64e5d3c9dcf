"""The texts of `cic-jax help`."""

HINTS = """\
A hint says what you know of a photograph's colours; --hint may be given up to 64 times.

  --hint=340,210,darkred     the colour of the pixel at x 340, y 210, from the upper left
  --hint=50%,5%,skyblue      the same in percent of the width and height
  --hint=10,10,#a03020       colours as CSS writes them: darkred, #a03020, rgb(160,48,32)
  --hints=hints.csv          hints of many photographs: the columns photograph,x,y,colour
  --palette=colour.jpg       a photograph whose colours the whole result is to have

The photograph's lightness stays, so that navy gives a strong blue: steelblue or #405070 is calmer.
A hint colours the thing that it lies on; where a colour runs over, a hint there says the right one.
Most image viewers show a pixel's x and y, and on the page (`cic-jax serve`) a click is enough.
The same command with other hints needs --overwrite or another --out.

Hints need a model that takes them, such as `everyday`, the default."""

NAMES = """\
Where the results of `cic-jax colorize` go:

  a.jpg -o b.png       the file b.png; its suffix says the format. A folder is meant if b.png is
                       one, or with -o b.png/
  a.jpg b.jpg -o out   out/a.jpg and out/b.jpg
  a.jpg b.jpg out/     the same: the last argument is the folder of the results if it ends in /
                       or is a folder, and has no photographs but earlier results
  albums -o out        every photograph below albums/, in the same folders below out/
  car.jpg -o out --candidates=4   out/car-1.jpg to out/car-4.jpg

A name that is taken gets a number: a.jpg, a-2.jpg. No photograph is ever replaced, nor any other
file that was not made from the same photograph; the hidden file {record} in the
folder of the results records what was made from what, and with which settings. The same command
again does what is missing; with other settings it says so and leaves what is there, unless
--overwrite is given. --dry-run prints all names and writes nothing, --json one line for each
photograph."""

ARCHIVE = """\
An archive is coloured in shares, by as many processes as you like, on one machine or many:

  cic-jax colorize --list=paths.txt --out=coloured --share=3/64
  cic-jax colorize s3://bucket/scans --out=s3://bucket/coloured --manifest=done --share=3/64

Shares are numbered from 1/N to N/N, and a photograph's name decides which it is in, whatever the
order. --list has a path or URL on each line; the place of a result is then the photograph's whole
path, for a folder its path below the folder. A result of another format than its name says has a
suffix appended: a.gif.png. URLs need the extra `remote`.

The folder of the results must be new or empty at first: it has a folder {name}, with a line of
JSON for each photograph. The same command again colours what is missing, what failed, and
photographs that have changed since. Another model, other settings or another number of shares are
refused. A process that is killed loses at most its batch (--batch). docs/archive.md says more."""

FILM = """\
A film is coloured with the extra `video`, steadily from picture to picture:

  cic-jax colorize film.mp4 -o coloured.mp4

A file is a film if its name says so. .mp4, .m4v, .mov, .mkv and .webm keep their format; .avi,
.mpg, .wmv and the like become .mkv. Sound, times and rotation are kept. Films in a folder are left
out: name them, or a pattern such as holiday/*.mp4. Hints, --candidates and --compare are for
photographs. Ctrl-C leaves what is done as a film to play, and the same command goes on.
docs/film.md says more."""


def formats() -> str:
    """Return the text on formats, from the lists by which photographs are read and written."""
    from cic_jax.images import MAX_BYTES, MAX_PIXELS, SUFFIXES, WRITTEN

    lines = [
        f"  {name:9} {' '.join(suffixes):24} {'' if name in WRITTEN else 'read only'}".rstrip()
        for name, suffixes in SUFFIXES.items()
    ]
    return "\n".join(
        [
            "Photographs are read by their content, whatever their names, in these formats:",
            "",
            *lines,
            "",
            "A result has the format of its photograph; JPEG stands in for HEIF, PNG for the",
            "others that are only read. It has 8 bits for each channel, of a scan of 16 bits too.",
            f"At most {MAX_PIXELS // 10**6} megapixels and {MAX_BYTES // 2**30} GiB of a file are "
            "read.",
        ]
    )
