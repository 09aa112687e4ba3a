import type { Reply, SeenRequest } from '../../fakes/http-server.ts';
import { json } from './zone.ts';

/** A token service (RFC 6749 section 5): each token is good for an hour and known by its number. */
export class Tokens {
  given = 0;
  readonly forms: Readonly<Record<string, string>>[] = [];
  readonly #good = new Set<string>();

  grant(request: SeenRequest): Reply {
    this.given += 1;
    this.forms.push(Object.fromEntries(new URLSearchParams(request.body)));
    const token = `token-${this.given}`;
    this.#good.add(token);
    return json(200, { token_type: 'Bearer', expires_in: 3_599, access_token: token });
  }

  /** All tokens given so far are worth nothing any more. */
  withdraw(): void {
    this.#good.clear();
  }

  accepts({ headers }: SeenRequest): boolean {
    return this.#good.has((headers.authorization ?? '').replace('Bearer ', ''));
  }
}
