// Logging in: tickets with a life of two hours, CSRF tokens, a second factor, API tokens, and each of the 401s the real server knows.
import { createHmac, randomBytes } from 'node:crypto';
import type { TestClock } from './clock.ts';
import type { ClusterState, UserState } from './model.ts';
import type { Identity } from './rights.ts';

/** A 401. `body` only where the real server sends JSON (a failed login). */
export class Unauthorized extends Error {
  readonly body: boolean;
  constructor(reason: string, body = false) {
    super(reason);
    this.body = body;
  }
}

export const ticketLifetimeMs = 2 * 3600_000;

export interface Credentials {
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  readonly csrf: string | undefined;
}

export interface Login {
  readonly username: string;
  readonly ticket: string;
  readonly csrf: string;
  readonly needTfa: boolean;
}

export class Auth {
  private readonly state: ClusterState;
  private readonly clock: TestClock;
  private secret = randomBytes(32);

  constructor(state: ClusterState, clock: TestClock) {
    this.state = state;
    this.clock = clock;
  }

  /** Makes every ticket and CSRF token worthless, as a replaced auth key does. */
  forgetTickets(): void {
    this.secret = randomBytes(32);
  }

  /** Who is asking. Throws {@link Unauthorized} with the real reason. */
  identify(method: string, credentials: Credentials): Identity {
    const cookie = /(?:^|;\s*)PVEAuthCookie=([^;]*)/.exec(credentials.cookie ?? '')?.[1];
    if (cookie !== undefined && cookie !== '') {
      const userid = this.userOfTicket(decodeURIComponent(cookie));
      if (method !== 'GET' && !this.csrfIsGood(userid, credentials.csrf)) throw new Unauthorized('Permission denied - invalid csrf token');
      return { userid };
    }
    const token = /^PVEAPIToken=([^=\s]+)=(\S+)$/.exec(credentials.authorization ?? '');
    if (!token) throw new Unauthorized('No ticket');
    const [, tokenid = '', secret = ''] = token;
    const known = this.state.tokens.get(tokenid);
    const userid = tokenid.split('!')[0] ?? '';
    const user = this.state.users.get(userid);
    const now = this.clock.seconds();
    const good = known?.secret === secret && (known.expire === 0 || known.expire > now) && user?.enable === true && (user.expire === 0 || user.expire > now);
    if (!good) throw new Unauthorized('Authentication failed!');
    return { userid, tokenid };
  }

  /** POST /access/ticket. A valid old ticket is a password too. */
  login(given: { readonly username: string; readonly realm?: string; readonly password: string; readonly otp?: string; readonly challenge?: string }): Login {
    const username = given.username.includes('@') ? given.username : `${given.username}@${given.realm ?? 'pam'}`;
    const user = this.state.users.get(username);
    const failed = (): never => {
      throw new Unauthorized('authentication failure', true);
    };
    if (!user?.enable) return failed();
    if (given.challenge !== undefined) {
      if (!this.halfTicketIsGood(username, given.challenge) || !this.secondFactorIsGood(user, given.password)) return failed();
      return this.issue(username);
    }
    if (given.password.startsWith('PVE:')) {
      try {
        if (this.userOfTicket(given.password) === username) return this.issue(username);
      } catch {
        return failed();
      }
      return failed();
    }
    if (user.password !== given.password) return failed();
    if (user.totp === undefined && (user.recovery ?? []).length === 0) return this.issue(username);
    if (given.otp !== undefined) return this.secondFactorIsGood(user, `totp:${given.otp}`) ? this.issue(username) : failed();
    const challenge = { ...(user.totp === undefined ? {} : { totp: true }), ...(user.recovery === undefined ? {} : { recovery: user.recovery.map((_, i) => i) }) };
    const ticket = this.sign(`PVE:!tfa!${encodeURIComponent(JSON.stringify(challenge))}:${this.hexTime()}`, username);
    return { username, ticket, csrf: this.csrf(username), needTfa: true };
  }

  /** The current six digits of a TOTP secret, for tests. */
  totpOf(userid: string): string {
    return totp(this.state.users.get(userid)?.totp ?? '', this.clock.now());
  }

  private issue(username: string): Login {
    return { username, ticket: this.sign(`PVE:${username}:${this.hexTime()}`), csrf: this.csrf(username), needTfa: false };
  }

  private hexTime(): string {
    return this.clock.seconds().toString(16).toUpperCase().padStart(8, '0');
  }

  private mac(text: string): string {
    return createHmac('sha512', this.secret).update(text).digest('base64');
  }

  private sign(plain: string, extra = ''): string {
    // As long as a real RSA signature, so that lengths in cookies and headers are real.
    return `${plain}::${(this.mac(plain + extra) + this.mac(`2${plain}${extra}`) + this.mac(`3${plain}`) + this.mac(`4${plain}`)).slice(0, 342)}==`;
  }

  private csrf(userid: string): string {
    const time = this.hexTime();
    return `${time}:${this.csrfHash(userid, time)}`;
  }

  private csrfHash(userid: string, time: string): string {
    return createHmac('sha256', this.secret).update(`${time}:${userid}`).digest('base64').replace(/=+$/, '');
  }

  private csrfIsGood(userid: string, token: string | undefined): boolean {
    const [time = '', hash = ''] = (token ?? '').split(':');
    return hash !== '' && hash === this.csrfHash(userid, time) && this.isFresh(time);
  }

  private isFresh(hexTime: string): boolean {
    const age = this.clock.now() - parseInt(hexTime, 16) * 1000;
    return age > -300_000 && age < ticketLifetimeMs;
  }

  private userOfTicket(ticket: string): string {
    const bad = (): never => {
      throw new Unauthorized('permission denied - invalid PVE ticket');
    };
    const match = /^(PVE:([^:]+):([0-9A-F]{8}))::/.exec(ticket);
    if (!match) return bad();
    const [, plain = '', userid = '', time = ''] = match;
    if (userid.startsWith('!tfa!') || this.sign(plain) !== ticket || !this.isFresh(time) || this.state.users.get(userid)?.enable !== true) return bad();
    return userid;
  }

  private halfTicketIsGood(username: string, ticket: string): boolean {
    const match = /^(PVE:!tfa![^:]*:([0-9A-F]{8}))::/.exec(ticket);
    return match !== null && this.sign(match[1] as string, username) === ticket && this.isFresh(match[2] as string);
  }

  private secondFactorIsGood(user: UserState, answer: string): boolean {
    const [kind, code = ''] = answer.split(':');
    if (kind === 'totp' && user.totp !== undefined) {
      const { totp: secret } = user;
      return [-1, 0, 1].some(step => totp(secret, this.clock.now() + step * 30_000) === code || totp(secret, Date.now() + step * 30_000) === code);
    }
    if (kind === 'recovery' && user.recovery?.includes(code)) {
      user.recovery = user.recovery.filter(one => one !== code);
      return true;
    }
    return false;
  }
}

/** RFC 6238, six digits, thirty seconds, SHA-1. */
export function totp(secret: string, milliseconds: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of secret.toUpperCase().replace(/=+$/, '')) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(milliseconds / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const at = (digest.at(-1) as number) & 0xf;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
