// What does mp4box.js find in a file? Its boxes, its tracks with every sample, and what it complains of, as JSON.
// node mp4box_samples.cjs <mp4box.all.cjs> <file>
'use strict';
const {createHash} = require('node:crypto');
const {readFileSync} = require('node:fs');
const [, , library, path] = process.argv;
const {createFile, Log} = require(library);

const complaints = [];
console.warn = console.error = (...words) => complaints.push(words.join(' ').replace(/^\[[^\]]*\] /, ''));
Log.setLogLevel(Log.warn);

const file = createFile(true);
const found = {boxes: [], tracks: [], complaints};
file.onError = (...words) => complaints.push(words.join(' '));
file.onReady = movie => {
  for (const {id, type, codec, language, duration, timescale, nb_samples} of movie.tracks) {
    found.tracks.push({id, type, codec, language, duration, timescale, count: nb_samples, samples: []});
    file.setExtractionOptions(id, null, {nbSamples: 1000});
  }
  file.start();
};
file.onSamples = (id, _, samples) => {
  const track = found.tracks.find(each => each.id === id);
  for (const {cts, dts, duration, is_sync, data} of samples) {
    track.samples.push([dts, cts, duration, is_sync, createHash('md5').update(data).digest('hex')]);
  }
};
const content = readFileSync(path);
const buffer = content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength);
buffer.fileStart = 0;
file.appendBuffer(buffer);
file.flush();
found.boxes = file.boxes.map(box => box.type);
process.stdout.write(JSON.stringify(found));
