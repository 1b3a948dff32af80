/* Where in time the page is, and how it moves on. */

const SPEEDS = [0.5, 1, 2, 4, 8, 16, 32, 64]; // decisions per second
const USUAL_S = 24; // that an episode takes unless told otherwise

class Player {
  /* shown(step) is called at each new step, between(step, part) at each picture between two of them. */
  constructor(times, shown, between, switched) {
    Object.assign(this, { times, shown, between, switched });
    this.last = times.length - 1;
    this.position = 0;
    this.playing = false;
    this.speed = SPEEDS.reduce((best, speed) =>
      Math.abs(Math.log(this.last / speed / USUAL_S)) < Math.abs(Math.log(this.last / best / USUAL_S)) ? speed : best, 1);
  }

  get step() {
    return Math.floor(this.position);
  }

  get time() {
    return this.times[this.step];
  }

  seek(step) {
    this.position = Math.min(this.last, Math.max(0, Math.round(step)));
    this.shown(this.step);
  }

  seekTime(time) {
    this.seek(this.stepNear(time));
  }

  stepNear(time) {
    let nearest = 0;
    for (let step = 1; step <= this.last; step++) {
      if (Math.abs(this.times[step] - time) < Math.abs(this.times[nearest] - time)) nearest = step;
    }
    return nearest;
  }

  move(steps) {
    this.pause();
    this.seek(this.step + steps);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.last === 0) return;
    if (this.step >= this.last) this.seek(0);
    this.playing = true;
    this.switched(true);
    let before = null;
    const frame = (now) => {
      if (!this.playing) return;
      this.advance(before === null ? 0 : Math.min(now - before, 250));
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.position = this.step;
    this.switched(false);
    this.shown(this.step);
  }

  advance(milliseconds) {
    const before = this.step;
    this.position = Math.min(this.last, this.position + (milliseconds / 1000) * this.speed);
    if (this.step !== before) this.shown(this.step);
    else this.between(this.step, this.position - this.step);
    if (this.position >= this.last) this.pause();
  }

  faster(by) {
    const index = SPEEDS.indexOf(this.speed) + by;
    this.speed = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, index))];
  }
}

/* All times at which any recording has a moment. */
function allTimes(recordings) {
  const times = [...new Set(recordings.flatMap((recording) => recording.times))].sort((one, other) => one - other);
  return times.filter((time, index) => index === 0 || time - times[index - 1] > 1e-9);
}
