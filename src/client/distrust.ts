/** What came from the room is not what it has to be: it must be neither shown nor used. Nothing of it is in the message. */
export class Distrust extends Error {
  readonly about: 'answer' | 'catalogue';

  constructor(about: 'answer' | 'catalogue', why: string, cause?: unknown) {
    super(`${about}: ${why}`, { cause });
    this.name = 'Distrust';
    this.about = about;
  }
}
