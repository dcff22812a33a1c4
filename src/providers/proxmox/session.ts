// Being logged in: the header of an API token, or a ticket with its renewal, CSRF token and second factor. One login in flight at a time.
import { GaiaError } from '../../machines/errors.ts';
import type { ErrorAction } from '../../machines/errors.ts';
import type { Clock } from '../../machines/clock.ts';
import type { ProxmoxAuth, ProxmoxSecrets, SecondFactor, SecondFactorChallenge } from './connection.ts';
import { userName } from './connection.ts';
import { flag, record, text } from './fields.ts';
import { requests } from './requests.ts';
import type { ApiRequest } from './requests.ts';

export interface SessionDeps {
  /** For the button “Enter Code…”. */
  readonly connection: string;
  readonly auth: ProxmoxAuth;
  readonly secrets: () => Promise<ProxmoxSecrets>;
  /** Asked when the server wants a second factor; undefined = the person gave up. */
  readonly secondFactor?: (challenge: SecondFactorChallenge) => Promise<SecondFactor | undefined>;
  /** A login that a person had to take part in has succeeded: what was turned away in the meantime can be asked for again. */
  readonly answered?: () => void;
  /** Sends one request without credentials and gives its `data`, or throws. */
  readonly exchange: (request: ApiRequest, signal: AbortSignal) => Promise<unknown>;
  readonly clock: Clock;
  /** Made before, by another provider of this connection: a second factor need not be given twice. */
  readonly ticket?: Ticket;
}

/** A login that was made: lives in memory alone, to be handed from one provider to the next of the same connection. */
export interface Ticket {
  readonly ticket: string;
  readonly csrf: string;
  readonly madeAt: number;
}

/** Tickets live two hours; half of that leaves room for a sleeping laptop. */
const renewAfterMs = 60 * 60_000;
const lifetimeMs = 2 * 60 * 60_000 - 60_000;

export class Session {
  readonly #deps: SessionDeps;
  #ticket: Ticket | undefined;
  #login: Promise<Ticket> | undefined;
  #rejected: string | undefined;
  /** A person is being asked for the second factor. */
  #asking = false;
  /** The person gave none, or a wrong one. Kept until {@link reset}, so that no poll asks again by itself. */
  #unanswered: GaiaError | undefined;
  readonly #turnedAway = new Set<() => void>();
  readonly #hidden = new Set<string>();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#ticket = deps.ticket;
    if (deps.ticket) for (const secret of [deps.ticket.ticket, deps.ticket.csrf]) this.#hide(secret);
  }

  /** The present login by password; undefined before the first, and with a token. */
  get ticket(): Ticket | undefined {
    return this.#ticket;
  }

  /** Every secret this session has handled: what no log may show. */
  get hidden(): readonly string[] {
    return [...this.#hidden];
  }

  get isToken(): boolean {
    return this.#deps.auth.kind === 'token';
  }

  /** Headers for one request. Throws GaiaError `unauthenticated`. */
  async headers(method: ApiRequest['method'], signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { auth } = this.#deps;
    if (auth.kind === 'token') {
      const secret = (await this.#deps.secrets()).tokenSecret;
      if (secret === undefined || secret === '') throw missing('The secret of the API token is not stored.');
      this.#refuseRepeated(secret);
      this.#hide(secret);
      return { Authorization: `PVEAPIToken=${userName(auth)}=${secret}` };
    }
    const { ticket, csrf } = await this.#valid(signal);
    return { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}`, ...(method === 'GET' ? {} : { CSRFPreventionToken: csrf }) };
  }

  /** The server did not take the credentials that `headers` gave. Answers whether asking again can help: a new ticket, but never the same token. */
  async refused(used: Readonly<Record<string, string>>): Promise<boolean> {
    if (this.#deps.auth.kind === 'token') {
      this.#rejected = (await this.#deps.secrets()).tokenSecret;
      return false;
    }
    // Another request may have renewed it in the meantime: then that one is tried.
    if (this.#ticket && used['Cookie'] === `PVEAuthCookie=${encodeURIComponent(this.#ticket.ticket)}`) this.#ticket = undefined;
    return true;
  }

  /** Forgets the ticket, that a secret was wrong and that a code was not given: "Reconnect". */
  reset(): void {
    this.#ticket = undefined;
    this.#rejected = undefined;
    this.#unanswered = undefined;
  }

  /**
   * Does what nobody sits and waits for, as a list: rejects at once where it would have to wait until a person has given the second factor.
   * The login goes on; `answered` tells when asking again makes sense. Throws GaiaError `unauthenticated` with the button that asks for the code.
   */
  unlessAsking<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#asking) return Promise.reject(this.#codeNeeded());
    const stop = new AbortController();
    return new Promise<T>((resolve, reject) => {
      const turnAway = (): void => {
        reject(this.#codeNeeded());
        stop.abort();
      };
      this.#turnedAway.add(turnAway);
      work(AbortSignal.any([signal, stop.signal])).then(resolve, reject).finally(() => { this.#turnedAway.delete(turnAway); });
    });
  }

  #valid(signal: AbortSignal): Promise<Ticket> {
    const age = this.#ticket ? this.#deps.clock.now() - this.#ticket.madeAt : Number.POSITIVE_INFINITY;
    if (this.#ticket && age < renewAfterMs) return Promise.resolve(this.#ticket);
    if (this.#unanswered && !this.#login) return Promise.reject(this.#unanswered);
    // One login for all who wait; it is not ended by the first of them that gives up.
    this.#login ??= this.#logIn(this.#ticket && age < lifetimeMs ? this.#ticket : undefined).finally(() => {
      this.#login = undefined;
    });
    return withSignal(this.#login, signal);
  }

  async #logIn(old: Ticket | undefined): Promise<Ticket> {
    const { auth } = this.#deps;
    if (auth.kind !== 'password') throw missing('This connection uses a token.');
    const username = `${auth.user}@${auth.realm}`;
    if (old) {
      try {
        return await this.#ask({ username, password: old.ticket });
      } catch (error) {
        if (!GaiaError.is(error, 'unauthenticated')) throw error;
      }
    }
    const { password } = await this.#deps.secrets();
    if (password === undefined || password === '') throw missing('The password is not stored.');
    this.#refuseRepeated(password);
    this.#hide(password);
    try {
      return await this.#ask({ username, password });
    } catch (error) {
      // Only these words speak of the password; another 401 may pass.
      if (GaiaError.is(error, 'unauthenticated') && /authentication failure/i.test(error.detail.raw ?? '')) this.#rejected = password;
      throw error;
    }
  }

  async #ask(login: { username: string; password: string; tfaChallenge?: string }): Promise<Ticket> {
    // The 3 s penalty for a failed login and a slow directory server are within this.
    const data = record(await this.#deps.exchange(requests.login(login), AbortSignal.timeout(60_000)));
    const ticket = text(data['ticket']);
    if (ticket === undefined) throw new GaiaError('unauthenticated', { message: 'Proxmox VE gave no ticket.' });
    this.#hide(ticket);
    const challenge = flag(data['NeedTFA']) || ticket.startsWith('PVE:!tfa!') ? parseChallenge(ticket) : undefined;
    if (challenge) return this.#answer(login.username, ticket, challenge);
    const csrf = text(data['CSRFPreventionToken']) ?? '';
    this.#hide(csrf);
    this.#ticket = { ticket, csrf, madeAt: this.#deps.clock.now() };
    this.#rejected = undefined;
    return this.#ticket;
  }

  async #answer(username: string, ticket: string, challenge: SecondFactorChallenge): Promise<Ticket> {
    if (!challenge.totp && !challenge.recovery) {
      throw new GaiaError('notSupported', { message: 'This login needs a second factor that only a browser can give ({0}).', values: [challenge.others.join(', ') || 'unknown'], hint: 'Use an API token: it needs no second factor.' });
    }
    const factor = await this.#askPerson(challenge);
    if (!factor) throw (this.#unanswered = this.#codeNeeded());
    this.#hide(factor.value);
    try {
      const made = await this.#ask({ username, password: `${factor.kind}:${factor.value.replace(/\s+/g, '')}`, tfaChallenge: ticket });
      this.#unanswered = undefined;
      // After those who wait for this login.
      setTimeout(() => this.#deps.answered?.(), 0);
      return made;
    } catch (error) {
      if (!GaiaError.is(error, 'unauthenticated')) throw error;
      throw (this.#unanswered = new GaiaError('unauthenticated', { message: 'The second factor was not accepted.', hint: 'A code is valid for half a minute; the clocks of the phone and the node must agree.', actions: [this.#enterCode()], cause: error }));
    }
  }

  async #askPerson(challenge: SecondFactorChallenge): Promise<SecondFactor | undefined> {
    const answer = this.#deps.secondFactor?.(challenge);
    if (!answer) return undefined;
    this.#asking = true;
    for (const turnAway of this.#turnedAway) turnAway();
    try {
      return await answer;
    } finally {
      this.#asking = false;
    }
  }

  #codeNeeded(): GaiaError {
    return new GaiaError('unauthenticated', { message: 'The login needs a second factor.', hint: 'Give the code of your authenticator app or a recovery key. An API token needs none.', actions: [this.#enterCode()] });
  }

  #enterCode(): ErrorAction {
    return { title: 'Enter Code…', command: 'gaia.connection.reconnect', args: [this.#deps.connection] };
  }

  /** A secret once refused is not sent again by itself: each try costs 3 s and may lock the account. */
  #refuseRepeated(secret: string): void {
    if (this.#rejected === secret) {
      throw new GaiaError('unauthenticated', { message: this.isToken ? 'The API token was refused.' : 'User, realm or password was refused.', hint: 'Correct the connection, then connect again.' });
    }
  }

  #hide(secret: string): void {
    if (secret.length >= 4) {
      this.#hidden.add(secret);
      this.#hidden.add(encodeURIComponent(secret));
    }
  }
}

/** `PVE:!tfa!%7B%22totp%22%3Atrue…%7D:…` → what can be answered. */
export function parseChallenge(ticket: string): SecondFactorChallenge {
  const encoded = /^PVE:!tfa!([^:]*)/.exec(ticket)?.[1] ?? '';
  let kinds: Record<string, unknown> = {};
  try {
    kinds = record(JSON.parse(decodeURIComponent(encoded))) as Record<string, unknown>;
  } catch {
    // An unreadable challenge offers nothing that can be answered.
  }
  const has = (kind: string): boolean => {
    const value = kinds[kind];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false && value !== 'unavailable';
  };
  return { totp: has('totp'), recovery: has('recovery'), others: Object.keys(kinds).filter(kind => kind !== 'totp' && kind !== 'recovery' && has(kind)) };
}

function missing(message: string): GaiaError {
  return new GaiaError('unauthenticated', { message, hint: 'Edit the connection and enter it again.' });
}

/** Waits for what others wait for as well: giving up does not end it. Throws GaiaError `cancelled`. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(new GaiaError('cancelled', { message: 'Cancelled.' }));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => { reject(new GaiaError('cancelled', { message: 'Cancelled.' })); };
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => { signal.removeEventListener('abort', onAbort); });
  });
}
